namespace Broker.Policies;

/// <summary>What clients may cost, beyond what nsqd bounds. 0 is no limit.</summary>
public sealed class LimitOptions
{
    /// <summary>Connections of the TCP port in all.</summary>
    public int MaxConnections { get; set; } = 65536;

    /// <summary>Connections of one IP address.</summary>
    public int MaxConnectionsPerAddress { get; set; }

    /// <summary>Commands that one connection may send in a second; more are read later, not refused.</summary>
    public int MaxCommandsPerSecond { get; set; }

    /// <summary>
    /// Bytes of publishes that may be on their way through the gateway, from the first byte of a large body to its answer. With
    /// more, connections are read from later.
    /// </summary>
    public long MaxBytesInFlight { get; set; } = 256 << 20;

    /// <summary>Time from connecting to the first complete command.</summary>
    public TimeSpan FirstCommandTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Time from a command's first byte to its last, whether heartbeats are on or off.</summary>
    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Bytes of the process's memory near which publishing is slowed down.</summary>
    public long MemoryLimit { get; set; }
}
