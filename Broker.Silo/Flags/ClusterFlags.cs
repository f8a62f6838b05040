using Broker.Silo.Settings;

namespace Broker.Silo.Flags;

/// <summary>The flags of a cluster of silos.</summary>
internal static class ClusterFlags
{
    /// <summary>Those of a silo.</summary>
    /// <param name="host">Where others reach it unless somebody says otherwise; empty for this host's own address.</param>
    public static IEnumerable<Flag> OfSilo(string host) =>
    [
        .. OfMember(),
        new Flag<int>("silo-port", FlagType.Integer(1, ushort.MaxValue), "11111", "port on which silos speak to each other",
            (settings, value) => settings.Cluster.SiloPort = value),
        new Flag<int>("gateway-port", FlagType.Integer(0, ushort.MaxValue), "30000", "port on which gateways by themselves are served; 0 for none",
            (settings, value) => settings.Cluster.GatewayPort = value),
        new Flag<string>("advertised-address", FlagType.Text, host, "name or address at which others reach this silo; this host's if empty",
            (settings, value) => settings.Cluster.AdvertisedAddress = value),
        Duration("probe-timeout", "1s", "time between two probes of a silo by another, and time for an answer",
            (cluster, value) => cluster.ProbeTimeout = value),
        new Flag<int>("missed-probes", FlagType.Integer(1, 100), "3", "probes without an answer after which a silo is suspected",
            (settings, value) => settings.Cluster.MissedProbes = value),
        Duration("table-refresh", "5s", "time between two looks at the list of silos",
            (cluster, value) => cluster.TableRefresh = value),
        Duration("hand-over-wait", "1s", "time that a channel which has moved waits for the gateways to say what is in flight, before it delivers",
            (cluster, value) => cluster.HandOverWait = value),
    ];

    /// <summary>Those of a silo or a gateway by itself.</summary>
    public static IEnumerable<Flag> OfMember() =>
    [
        Text("cluster-id", "broker", "name of the cluster; silos and gateways with the same one and the same database belong together",
            (cluster, value) => cluster.ClusterId = value),
        Text("service-id", "broker", "name of what the cluster's state belongs to; stays when a cluster is replaced by another one",
            (cluster, value) => cluster.ServiceId = value),
        Duration("response-timeout", "4s", "time that a call to a topic or channel may take before it is tried again",
            (cluster, value) => cluster.ResponseTimeout = value),
        Text("cluster-tls-cert", "", "path of this process's certificate for connections within the cluster, PEM",
            (cluster, value) => cluster.TlsCertificateFile = value),
        Text("cluster-tls-key", "", "path of that certificate's key, PEM",
            (cluster, value) => cluster.TlsKeyFile = value),
        Text("cluster-tls-root-ca-file", "", "path of the authorities whose certificates the others must show, PEM",
            (cluster, value) => cluster.TlsRootCaFile = value),
    ];

    private static Flag<string> Text(string name, string @default, string description, Action<ClusterSettings, string> set) =>
        new(name, @default.Length > 0 ? FlagType.Name : FlagType.Path, @default, description, (settings, value) => set(settings.Cluster, value));

    private static Flag<TimeSpan> Duration(string name, string @default, string description, Action<ClusterSettings, TimeSpan> set) =>
        new(name, FlagType.Duration, @default, description, (settings, value) => set(settings.Cluster, value));
}
