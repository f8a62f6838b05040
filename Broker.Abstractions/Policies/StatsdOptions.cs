namespace Broker.Policies;

/// <summary>Which statsd daemon is told figures, and how (spec 6.4).</summary>
public sealed class StatsdOptions
{
    /// <summary>host:port over UDP; empty for none.</summary>
    public string Address { get; set; } = "";

    /// <summary>What the names of figures begin with; <c>%s</c> stands for this broker's host and HTTP port.</summary>
    public string Prefix { get; set; } = "nsq.%s";

    /// <summary>Time between two reports.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether the process's memory is told too.</summary>
    public bool MemoryStats { get; set; } = true;

    /// <summary>Greatest size of a packet in bytes; a line that is longer goes alone.</summary>
    public int PacketSize { get; set; } = 508;

    /// <summary>Whether ephemeral topics and channels are left out.</summary>
    public bool ExcludeEphemeral { get; set; }
}
