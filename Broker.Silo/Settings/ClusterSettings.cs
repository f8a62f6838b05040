using System.Net;

namespace Broker.Silo.Settings;

/// <summary>How the silos and gateways of a cluster find each other, and how soon one of them is taken for dead.</summary>
public sealed class ClusterSettings
{
    /// <summary>Those who name the same form a cluster, if they share a database.</summary>
    public string ClusterId { get; set; } = "broker";

    /// <summary>What the cluster's state belongs to; stays when a cluster is replaced by another one.</summary>
    public string ServiceId { get; set; } = "broker";

    /// <summary>Port on which silos speak to each other.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>Port on which gateways by themselves are served; 0 for none.</summary>
    public int GatewayPort { get; set; } = 30000;

    /// <summary>Name or address at which others reach this silo; empty for this host's own.</summary>
    public string AdvertisedAddress { get; set; } = IPAddress.Loopback.ToString();

    /// <summary>Time between two probes of a silo by another, and time for an answer.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Probes without an answer after which a silo is suspected; when two suspect it, or half of those that are left, it is out.</summary>
    public int MissedProbes { get; set; } = 3;

    /// <summary>Time between two looks at the list of silos, beside what they tell each other at once.</summary>
    public TimeSpan TableRefresh { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Time that a call between grains, or of a gateway to a grain, may take.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a channel that has moved waits for the gateways to say what is in flight, before it delivers.</summary>
    public TimeSpan HandOverWait { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether what happens to topics, channels and nodes is a stream for applications in the cluster.</summary>
    public bool HasEventStream { get; set; }

    /// <summary>Path of this process's certificate for connections within the cluster, PEM; empty for connections in the clear.</summary>
    public string TlsCertificateFile { get; set; } = "";

    /// <summary>Path of that certificate's key, PEM.</summary>
    public string TlsKeyFile { get; set; } = "";

    /// <summary>Path of the authorities whose certificates the others must show, PEM.</summary>
    public string TlsRootCaFile { get; set; } = "";

    /// <summary>Whether the database is only to be prepared, and nothing served.</summary>
    public bool OnlyPreparesDatabase { get; set; }
}
