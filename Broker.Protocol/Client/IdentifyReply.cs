using System.Text.Json;

namespace Broker.Protocol.Client;

/// <summary>What the server settled on.</summary>
public sealed record IdentifyReply
{
    /// <summary>Largest count that RDY may ask for.</summary>
    public int MaxRdyCount { get; init; }

    /// <summary>Version of the server.</summary>
    public string? Version { get; init; }

    /// <summary>Largest message timeout, in milliseconds.</summary>
    public int MaxMsgTimeout { get; init; }

    /// <summary>Message timeout of this connection, in milliseconds.</summary>
    public int MsgTimeout { get; init; }

    /// <summary>Whether a TLS handshake comes next.</summary>
    public bool TlsV1 { get; init; }

    /// <summary>Whether the connection goes on deflated.</summary>
    public bool Deflate { get; init; }

    /// <summary>Level of deflate compression.</summary>
    public int DeflateLevel { get; init; }

    /// <summary>Largest level of deflate compression.</summary>
    public int MaxDeflateLevel { get; init; }

    /// <summary>Whether the connection goes on in snappy's framing format.</summary>
    public bool Snappy { get; init; }

    /// <summary>Share of the messages that is delivered, in percent; 0 for all.</summary>
    public int SampleRate { get; init; }

    /// <summary>Whether AUTH must come before publishing and subscribing.</summary>
    public bool AuthRequired { get; init; }

    /// <summary>Bytes the server gathers before it writes messages out.</summary>
    public int OutputBufferSize { get; init; }

    /// <summary>Milliseconds the server may hold gathered messages.</summary>
    public int OutputBufferTimeout { get; init; }

    /// <summary>Region that the server was told it stands in.</summary>
    public string? TopologyRegion { get; init; }

    /// <summary>Zone that the server was told it stands in.</summary>
    public string? TopologyZone { get; init; }

    /// <summary>Reads the data of the response to IDENTIFY; null for the bare <c>OK</c> of a server that does not negotiate.</summary>
    /// <exception cref="JsonException">The response is neither.</exception>
    public static IdentifyReply? Parse(ReadOnlySpan<byte> data) =>
        data.SequenceEqual("OK"u8) ? null : JsonSerializer.Deserialize(data, ClientIdentifyJson.Default.IdentifyReply);
}
