using System.Net;

namespace Broker.Client;

/// <summary>What a producer's and a consumer's connections have in common. Read once, when the client is made.</summary>
public abstract class NsqClientOptions
{
    private static readonly TimeSpan MinTimeout = TimeSpan.FromMilliseconds(100);

    private protected NsqClientOptions()
    {
    }

    /// <summary>Name of this client in the server's statistics; null for the host name up to its first dot.</summary>
    public string? ClientId { get; set; }

    /// <summary>Host name in the server's statistics; null for this machine's.</summary>
    public string? Hostname { get; set; }

    /// <summary>Library and version in the server's statistics; null for this library's.</summary>
    public string? UserAgent { get; set; }

    /// <summary>How long connecting may take, with encryption, compression and log-in. 5 s by default.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a server may be silent before the connection is given up: at least <see cref="HeartbeatInterval"/>. 60 s by
    /// default.
    /// </summary>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a server may take nothing of what is sent before the connection is given up. 10 s by default.</summary>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often the server asks for a sign of life: 1 s to what the server allows (60 s). 30 s by default.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Encrypts connections; null (the default) for plain ones.</summary>
    public NsqTlsOptions? Tls { get; set; }

    /// <summary>Compresses connections where the server can; where it cannot they stay as they are. None by default.</summary>
    public NsqCompression Compression { get; set; }

    /// <summary>Level of deflate compression, 1 (fast) to 9 (small). 6 by default.</summary>
    public int DeflateLevel { get; set; } = 6;

    /// <summary>Secret to log in with, where the server wants one; null for none.</summary>
    public string? AuthSecret { get; set; }

    /// <summary>Region this client stands in, for servers that prefer near consumers; null for none.</summary>
    public string? TopologyRegion { get; set; }

    /// <summary>Zone within the region; null for none.</summary>
    public string? TopologyZone { get; set; }

    /// <summary>First wait before connecting again after a failure; each further one waits twice as long. 250 ms by default.</summary>
    public TimeSpan ReconnectDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    internal string EffectiveHostname => Hostname ?? Dns.GetHostName();

    internal string EffectiveClientId => ClientId ?? Dns.GetHostName().Split('.')[0];

    internal virtual void Validate()
    {
        Require(ConnectTimeout > TimeSpan.Zero, nameof(ConnectTimeout), "must be positive");
        Require(ReadTimeout >= MinTimeout, nameof(ReadTimeout), "must be at least 100 ms");
        Require(WriteTimeout >= MinTimeout, nameof(WriteTimeout), "must be at least 100 ms");
        Require(HeartbeatInterval >= TimeSpan.FromSeconds(1), nameof(HeartbeatInterval), "must be at least 1 s");
        Require(ReadTimeout >= HeartbeatInterval, nameof(ReadTimeout), "must be at least the heartbeat interval");
        Require(DeflateLevel is >= 1 and <= 9, nameof(DeflateLevel), "must be 1 to 9");
        Require(ReconnectDelay > TimeSpan.Zero, nameof(ReconnectDelay), "must be positive");
        Require(Enum.IsDefined(Compression), nameof(Compression), "is not a known one");
    }

    private protected static void Require(bool condition, string option, string rule)
    {
        if (!condition) throw new ArgumentException($"option {option} {rule}");
    }

    private protected static void RequireAddresses(IEnumerable<string> addresses)
    {
        foreach (string address in addresses) _ = NsqAddress.Parse(address);
    }
}
