using Broker.Policies;

namespace Broker.Gateway.Connections;

/// <summary>What a connection knows of itself, for statistics (spec 3.4).</summary>
public sealed record ConnectionSnapshot
{
    /// <summary>Number of the connection, and of its consumer, unique within the gateway.</summary>
    public required int Number { get; init; }

    /// <summary>The client's address and port; empty on a unix socket.</summary>
    public required string RemoteAddress { get; init; }

    /// <summary>The client's id of itself.</summary>
    public required string ClientId { get; init; }

    /// <summary>The client's host.</summary>
    public required string Hostname { get; init; }

    /// <summary>The client's library and version.</summary>
    public required string UserAgent { get; init; }

    /// <summary>When the connection was made.</summary>
    public required DateTimeOffset ConnectTime { get; init; }

    /// <summary>Where the connection stands.</summary>
    public required ConnectionState State { get; init; }

    /// <summary>The subscribed topic, or empty.</summary>
    public required string Topic { get; init; }

    /// <summary>The subscribed channel, or empty.</summary>
    public required string Channel { get; init; }

    /// <summary>RDY.</summary>
    public required int ReadyCount { get; init; }

    /// <summary>Messages in flight.</summary>
    public required int InFlightCount { get; init; }

    /// <summary>Messages sent.</summary>
    public required long MessageCount { get; init; }

    /// <summary>Messages finished.</summary>
    public required long FinishCount { get; init; }

    /// <summary>Messages requeued.</summary>
    public required long RequeueCount { get; init; }

    /// <summary>Messages published, by topic, ordered.</summary>
    public required IReadOnlyList<KeyValuePair<string, long>> PublishCounts { get; init; }

    /// <summary>0 for all messages, else 1 to 99.</summary>
    public required int SampleRate { get; init; }

    /// <summary>Message timeout in milliseconds.</summary>
    public required int MsgTimeout { get; init; }

    /// <summary>Bytes.</summary>
    public required int OutputBufferSize { get; init; }

    /// <summary>Milliseconds.</summary>
    public required long OutputBufferTimeout { get; init; }

    /// <summary>The client's region.</summary>
    public required string TopologyRegion { get; init; }

    /// <summary>The client's zone.</summary>
    public required string TopologyZone { get; init; }

    /// <summary>Whether the connection is encrypted.</summary>
    public required bool Tls { get; init; }

    /// <summary>Whether the connection is compressed with deflate.</summary>
    public required bool Deflate { get; init; }

    /// <summary>Whether the connection is compressed with snappy.</summary>
    public required bool Snappy { get; init; }

    /// <summary>Version of TLS as Go writes it (<c>TLS1.3</c>); empty without TLS.</summary>
    public string TlsVersion { get; init; } = "";

    /// <summary>Name of the cipher suite by its standard; empty without TLS.</summary>
    public string TlsCipherSuite { get; init; } = "";

    /// <summary>The protocol that the handshake agreed on; empty when it did not.</summary>
    public string TlsNegotiatedProtocol { get; init; } = "";

    /// <summary>The common name of the client's certificate; empty when it showed none.</summary>
    public string TlsCommonName { get; init; } = "";

    /// <summary>Whether the client has logged in.</summary>
    public bool Authed { get; init; }

    /// <summary>Who the client is by its log-in; empty when it has not, or nobody said.</summary>
    public string AuthIdentity { get; init; } = "";

    /// <summary>Where more is said of them; may be empty.</summary>
    public string AuthIdentityUrl { get; init; } = "";
}
