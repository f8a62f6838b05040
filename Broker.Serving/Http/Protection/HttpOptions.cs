namespace Broker.Serving.Http.Protection;

/// <summary>What those who come by HTTP may cost: to the HTTP API, the lookup service and the admin web together. 0 is no limit.</summary>
public sealed class HttpOptions
{
    /// <summary>Connections of all HTTP ports.</summary>
    public int MaxConnections { get; set; } = 16384;

    /// <summary>Connections of one IP address.</summary>
    public int MaxConnectionsPerAddress { get; set; }

    /// <summary>Requests that one connection may send in a second; more are answered later, not refused.</summary>
    public int MaxRequestsPerSecond { get; set; }

    /// <summary>Bytes of a request's headers together, 1024 to 1048576.</summary>
    public int MaxHeaderSize { get; set; } = 32768;

    /// <summary>Bytes of a body that the lookup service or the admin web takes; the HTTP API goes by the limits of messages.</summary>
    public int MaxBodySize { get; set; } = 1 << 20;

    /// <summary>Time from a request's first byte to the end of its headers.</summary>
    public TimeSpan HeaderTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that a connection may be without a request.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(130);

    /// <summary>Bytes a second of a body that must come, looked at after <see cref="BodyGrace"/>.</summary>
    public int MinBodyRate { get; set; } = 240;

    /// <summary>Time for which a body may come as slowly as it likes; more than a second.</summary>
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Hosts, beside this server's own, under whose names browsers may ask what listens on loopback; <c>*</c> for any.</summary>
    public IReadOnlyList<string> AllowedHosts { get; set; } = [];

    /// <summary>Origins (scheme://host:port) whose pages may have a browser change something; <c>*</c> for any.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; set; } = [];
}
