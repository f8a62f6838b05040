namespace Broker.Lookup;

/// <summary>Where the lookup service is served and how it judges producers (spec 4, 6.2).</summary>
public sealed class LookupOptions
{
    /// <summary>host:port of its TCP protocol, the path of a unix socket, or empty to serve none.</summary>
    public string TcpAddress { get; set; } = "";

    /// <summary>host:port of its HTTP API, the path of a unix socket, or empty to serve none.</summary>
    public string HttpAddress { get; set; } = "";

    /// <summary>Host under which nsqd nodes reach the HTTP API; empty for this host's name.</summary>
    public string BroadcastAddress { get; set; } = "";

    /// <summary>Version that nodes and tools are told.</summary>
    public string Version { get; set; } = "1.3.0";

    /// <summary>Connections of the TCP port in all; 0 for no limit.</summary>
    public int MaxConnections { get; set; } = 65536;

    /// <summary>Connections of one IP address to the TCP port; 0 for no limit.</summary>
    public int MaxConnectionsPerAddress { get; set; }

    /// <summary>Time from connecting to the first complete command; 0 for no limit.</summary>
    public TimeSpan FirstCommandTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A producer that was not heard from for longer is hidden until it is heard from again.</summary>
    public TimeSpan InactiveProducerTimeout { get; set; } = TimeSpan.FromSeconds(300);

    /// <summary>How long a tombstone hides a producer.</summary>
    public TimeSpan TombstoneLifetime { get; set; } = TimeSpan.FromSeconds(45);
}
