namespace Broker.Policies;

/// <summary>What clients may ask for and where they are served (spec 6.1).</summary>
public sealed class GatewayOptions
{
    /// <summary>host:port, or the path of a unix socket.</summary>
    public string TcpAddress { get; set; } = "127.0.0.1:4150";

    /// <summary>host:port, the path of a unix socket, or empty to serve no HTTP.</summary>
    public string HttpAddress { get; set; } = "127.0.0.1:4151";

    /// <summary>host:port, the path of a unix socket, or empty to serve no HTTPS; nothing is served without a certificate.</summary>
    public string HttpsAddress { get; set; } = "127.0.0.1:4152";

    /// <summary>How connections are encrypted.</summary>
    public TlsOptions Tls { get; } = new();

    /// <summary>Who says what clients may do.</summary>
    public AuthOptions Auth { get; } = new();

    /// <summary>What clients may cost.</summary>
    public LimitOptions Limits { get; } = new();

    /// <summary>host:port of each lookup service to register with; a name with several addresses stands for all of them.</summary>
    public IReadOnlyList<string> LookupdTcpAddresses { get; set; } = [];

    /// <summary>Host under which clients reach this broker; empty for this host's name.</summary>
    public string BroadcastAddress { get; set; } = "127.0.0.1";

    /// <summary>TCP port under which clients reach this broker; 0 for the one that is listened on.</summary>
    public int BroadcastTcpPort { get; set; }

    /// <summary>HTTP port under which tools reach this broker; 0 for the one that is listened on.</summary>
    public int BroadcastHttpPort { get; set; }

    /// <summary>Version that clients and tools are told.</summary>
    public string Version { get; set; } = "1.3.0";

    /// <summary>Greatest body of a message in bytes.</summary>
    public int MaxMsgSize { get; set; } = 1 << 20;

    /// <summary>Greatest body of a command in bytes.</summary>
    public int MaxBodySize { get; set; } = 5 << 20;

    /// <summary>Greatest RDY.</summary>
    public int MaxRdyCount { get; set; } = 2500;

    /// <summary>Message timeout of a client that asks for none.</summary>
    public TimeSpan MsgTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Greatest message timeout that a client may ask for.</summary>
    public TimeSpan MaxMsgTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Greatest delay of a DPUB.</summary>
    public TimeSpan MaxReqTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Heartbeat interval times two of a client that asks for none: the read deadline.</summary>
    public TimeSpan ClientTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Greatest heartbeat interval that a client may ask for.</summary>
    public TimeSpan MaxHeartbeatInterval { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Greatest output buffer that a client may ask for, in bytes.</summary>
    public int MaxOutputBufferSize { get; set; } = 64 << 10;

    /// <summary>Greatest output buffer timeout that a client may ask for.</summary>
    public TimeSpan MaxOutputBufferTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Smallest output buffer timeout that a client may ask for.</summary>
    public TimeSpan MinOutputBufferTimeout { get; set; } = TimeSpan.FromMilliseconds(25);

    /// <summary>Output buffer timeout of a client that asks for none.</summary>
    public TimeSpan OutputBufferTimeout { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Greatest deflate level that a client may ask for, 1 to 9.</summary>
    public int MaxDeflateLevel { get; set; } = 6;

    /// <summary>Whether clients may ask for deflate.</summary>
    public bool Deflate { get; set; } = true;

    /// <summary>Whether clients may ask for snappy.</summary>
    public bool Snappy { get; set; } = true;

    /// <summary>Whether consumers are told apart by zone and region (spec 1.10).</summary>
    public bool TopologyAware { get; set; }

    /// <summary>Topology region of this broker.</summary>
    public string TopologyRegion { get; set; } = "";

    /// <summary>Topology zone of this broker.</summary>
    public string TopologyZone { get; set; } = "";

    /// <summary>Consumers that a channel may have (for the error's text); 0 for no limit.</summary>
    public int MaxChannelConsumers { get; set; }

    /// <summary>Body bytes that may be on their way to one consumer: what a consumer that stops reading costs.</summary>
    public int ConsumerWindowBytes { get; set; } = 512 << 10;

    /// <summary>How long a publish is retried while its topic moves before it fails.</summary>
    public TimeSpan PublishDeadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a publish waits for any word of its topic before it fails, within <see cref="PublishDeadline"/>; longer while the topic's answers
    /// take long.
    /// </summary>
    public TimeSpan PublishSilence { get; set; } = TimeSpan.FromSeconds(5);
}
