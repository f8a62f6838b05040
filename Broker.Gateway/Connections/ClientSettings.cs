using Broker.Channels;
using Broker.Policies;
using Broker.Protocol;

namespace Broker.Gateway.Connections;

/// <summary>What a client said of itself and negotiated by IDENTIFY (spec 1.7).</summary>
internal sealed class ClientSettings
{
    private const int DefaultOutputBufferSize = 16 * 1024;
    private const int DefaultDeflateLevel = 6;

    /// <summary>The settings of a client that has not identified itself.</summary>
    /// <param name="options">Defaults.</param>
    /// <param name="remoteAddress">The client's IP address, which stands for its id and host until it names them.</param>
    public ClientSettings(GatewayOptions options, string remoteAddress)
    {
        ClientId = Hostname = remoteAddress;
        HeartbeatInterval = (long)options.ClientTimeout.TotalMilliseconds / 2;
        OutputBufferTimeout = (long)options.OutputBufferTimeout.TotalMilliseconds;
        OutputBufferSize = DefaultOutputBufferSize;
        MsgTimeout = (int)options.MsgTimeout.TotalMilliseconds;
    }

    /// <summary>The client's id of itself.</summary>
    public string ClientId { get; private set; }

    /// <summary>The client's host.</summary>
    public string Hostname { get; private set; }

    /// <summary>The client's library and version.</summary>
    public string UserAgent { get; private set; } = "";

    /// <summary>Milliseconds; 0 when heartbeats are off.</summary>
    public long HeartbeatInterval { get; private set; }

    /// <summary>Milliseconds; 0 when the output buffer is not flushed by time.</summary>
    public long OutputBufferTimeout { get; private set; }

    /// <summary>Bytes.</summary>
    public int OutputBufferSize { get; private set; }

    /// <summary>0, or 1 to 99.</summary>
    public int SampleRate { get; private set; }

    /// <summary>Milliseconds.</summary>
    public int MsgTimeout { get; private set; }

    /// <summary>Whether the client asked for that timeout.</summary>
    public bool AsksForMsgTimeout { get; private set; }

    /// <summary>The client's region.</summary>
    public string TopologyRegion { get; private set; } = "";

    /// <summary>The client's zone.</summary>
    public string TopologyZone { get; private set; } = "";

    /// <summary>The settings after an IDENTIFY; these stay as they are.</summary>
    /// <param name="request">What the client asks for.</param>
    /// <param name="options">What it may ask for.</param>
    /// <param name="offer">What the connection may be upgraded to.</param>
    /// <param name="settings">The new settings.</param>
    /// <param name="reply">What to answer; null for a plain <c>OK</c>.</param>
    /// <returns>The first setting that is out of bounds, or null.</returns>
    public ProtocolError? Identify(
        IdentifyRequest request, GatewayOptions options, UpgradeOffer offer, out ClientSettings settings, out IdentifyReply? reply)
    {
        reply = null;
        settings = (ClientSettings)MemberwiseClone();
        ProtocolError? error = settings.Apply(request, options);
        if (error is not null || request.FeatureNegotiation is not true)
            return error;

        bool deflate = offer.Deflate && request.Deflate is true;
        bool snappy = offer.Snappy && request.Snappy is true;
        if (deflate && snappy)
            return ProtocolError.BothCompressions;
        long deflateLevel = deflate && request.DeflateLevel is > 0 and long asked ? asked : DefaultDeflateLevel;
        reply = new IdentifyReply
        {
            MaxRdyCount = options.MaxRdyCount,
            Version = options.Version,
            MaxMsgTimeout = (long)options.MaxMsgTimeout.TotalMilliseconds,
            MsgTimeout = settings.MsgTimeout,
            Tls = offer.Tls && request.Tls is true,
            Deflate = deflate,
            DeflateLevel = (int)Math.Min(deflateLevel, options.MaxDeflateLevel),
            MaxDeflateLevel = options.MaxDeflateLevel,
            Snappy = snappy,
            SampleRate = settings.SampleRate,
            AuthRequired = offer.AuthRequired,
            OutputBufferSize = settings.OutputBufferSize,
            OutputBufferTimeout = settings.OutputBufferTimeout,
            TopologyRegion = options.TopologyRegion,
            TopologyZone = options.TopologyZone,
        };
        return null;
    }

    /// <summary>How near the client is to this broker (spec 1.10).</summary>
    public Proximity ProximityTo(GatewayOptions options)
    {
        if (!options.TopologyAware)
            return Proximity.Global;
        return TopologyZone == options.TopologyZone ? Proximity.Zone
            : TopologyRegion == options.TopologyRegion ? Proximity.Region
            : Proximity.Global;
    }

    private ProtocolError? Apply(IdentifyRequest request, GatewayOptions options)
    {
        ClientId = request.ClientId ?? "";
        Hostname = request.Hostname ?? "";
        UserAgent = request.UserAgent ?? "";
        TopologyRegion = request.TopologyRegion ?? "";
        TopologyZone = request.TopologyZone ?? "";

        long heartbeat = request.HeartbeatInterval ?? 0;
        if (heartbeat == -1)
            HeartbeatInterval = 0;
        else if (heartbeat >= 1000 && heartbeat <= options.MaxHeartbeatInterval.TotalMilliseconds)
            HeartbeatInterval = heartbeat;
        else if (heartbeat != 0)
            return ProtocolError.IdentifyOutOfRange("heartbeat interval", heartbeat);

        long bufferTimeout = request.OutputBufferTimeout ?? 0;
        if (bufferTimeout == -1)
            OutputBufferTimeout = 0;
        else if (bufferTimeout >= options.MinOutputBufferTimeout.TotalMilliseconds && bufferTimeout <= options.MaxOutputBufferTimeout.TotalMilliseconds)
            OutputBufferTimeout = bufferTimeout;
        else if (bufferTimeout != 0)
            return ProtocolError.IdentifyOutOfRange("output buffer timeout", bufferTimeout);

        long bufferSize = request.OutputBufferSize ?? 0;
        if (bufferSize == -1)
            (OutputBufferSize, OutputBufferTimeout) = (1, 0);
        else if (bufferSize >= 64 && bufferSize <= options.MaxOutputBufferSize)
            OutputBufferSize = (int)bufferSize;
        else if (bufferSize != 0)
            return ProtocolError.IdentifyOutOfRange("output buffer size", bufferSize);

        int sampleRate = request.SampleRate ?? 0;
        if (sampleRate is < 0 or > 99)
            return ProtocolError.IdentifyOutOfRange("sample rate", sampleRate);
        SampleRate = sampleRate;

        long msgTimeout = request.MsgTimeout ?? 0;
        if (msgTimeout >= 1000 && msgTimeout <= options.MaxMsgTimeout.TotalMilliseconds)
            (MsgTimeout, AsksForMsgTimeout) = ((int)msgTimeout, true);
        else if (msgTimeout != 0)
            return ProtocolError.IdentifyOutOfRange("msg timeout", msgTimeout);
        return null;
    }
}
