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
        new Flag<int>("silo-port", FlagType.Integer(1, ushort.MaxValue), "11111", "port on which silos talk to each other",
            (settings, value) => settings.Cluster.SiloPort = value),
        new Flag<int>("gateway-port", FlagType.Integer(0, ushort.MaxValue), "30000", "port for stand-alone gateways; 0 for none",
            (settings, value) => settings.Cluster.GatewayPort = value),
        new Flag<string>("advertised-address", FlagType.Text, host, "name or address under which others reach this silo; this host's if empty",
            (settings, value) => settings.Cluster.AdvertisedAddress = value),
        Duration("probe-timeout", "1s", "time between probes of another silo, and how long it may take to answer",
            (cluster, value) => cluster.ProbeTimeout = value),
        new Flag<int>("missed-probes", FlagType.Integer(1, 100), "3", "probes without an answer after which a silo is suspected",
            (settings, value) => settings.Cluster.MissedProbes = value),
        Duration("table-refresh", "5s", "time between reads of the list of silos",
            (cluster, value) => cluster.TableRefresh = value),
        Duration("hand-over-wait", "1s", "how long a channel that has moved waits for gateways to report what is in flight",
            (cluster, value) => cluster.HandOverWait = value),
        new Flag<bool>("event-stream", FlagType.Boolean, "false", "publish what happens to topics, channels and nodes as an Orleans stream",
            (settings, value) => settings.Cluster.HasEventStream = value),
    ];

    /// <summary>Those of a silo or a gateway by itself.</summary>
    public static IEnumerable<Flag> OfMember() =>
    [
        Text("cluster-id", "broker", "name of the cluster; silos and gateways with the same name and database form it",
            (cluster, value) => cluster.ClusterId = value),
        Text("service-id", "broker", "name of the service; stays the same when a cluster replaces another one",
            (cluster, value) => cluster.ServiceId = value),
        Duration("response-timeout", "4s", "how long a call to a topic or channel may take before it is tried again",
            (cluster, value) => cluster.ResponseTimeout = value),
        Text("cluster-tls-cert", "", "PEM file of this process's certificate for connections within the cluster",
            (cluster, value) => cluster.TlsCertificateFile = value),
        Text("cluster-tls-key", "", "PEM file of that certificate's key",
            (cluster, value) => cluster.TlsKeyFile = value),
        Text("cluster-tls-root-ca-file", "", "PEM file of the authorities that verify the other members",
            (cluster, value) => cluster.TlsRootCaFile = value),
    ];

    private static Flag<string> Text(string name, string @default, string description, Action<ClusterSettings, string> set) =>
        new(name, @default.Length > 0 ? FlagType.Name : FlagType.Path, @default, description, (settings, value) => set(settings.Cluster, value));

    private static Flag<TimeSpan> Duration(string name, string @default, string description, Action<ClusterSettings, TimeSpan> set) =>
        new(name, FlagType.Duration, @default, description, (settings, value) => set(settings.Cluster, value));
}
