using System.Text.Json;

namespace Broker.Protocol.Client;

/// <summary>What a client tells of itself and asks for. Null leaves the server's default.</summary>
public sealed record IdentifyRequest
{
    /// <summary>Name of this client in the server's statistics.</summary>
    public string? ClientId { get; init; }

    /// <summary>Host name in the server's statistics.</summary>
    public string? Hostname { get; init; }

    /// <summary>Library and version in the server's statistics.</summary>
    public string? UserAgent { get; init; }

    /// <summary>Whether the server answers with <see cref="IdentifyReply"/> rather than a bare <c>OK</c>.</summary>
    public bool FeatureNegotiation { get; init; } = true;

    /// <summary>Milliseconds between heartbeats; -1 for none, which rules out subscribing.</summary>
    public int? HeartbeatInterval { get; init; }

    /// <summary>Bytes the server gathers before it writes messages out; -1 to write each at once.</summary>
    public int? OutputBufferSize { get; init; }

    /// <summary>Milliseconds the server may hold gathered messages; -1 for no such limit.</summary>
    public int? OutputBufferTimeout { get; init; }

    /// <summary>Share of the messages that is wanted, in percent; 0 for all.</summary>
    public int? SampleRate { get; init; }

    /// <summary>Milliseconds after which an unanswered message goes back to its channel.</summary>
    public int? MsgTimeout { get; init; }

    /// <summary>Asks for TLS.</summary>
    public bool? TlsV1 { get; init; }

    /// <summary>Asks for deflate compression.</summary>
    public bool? Deflate { get; init; }

    /// <summary>Level of deflate compression, 1 to 9.</summary>
    public int? DeflateLevel { get; init; }

    /// <summary>Asks for snappy compression.</summary>
    public bool? Snappy { get; init; }

    /// <summary>Region this client stands in, for a server that prefers near consumers.</summary>
    public string? TopologyRegion { get; init; }

    /// <summary>Zone within the region.</summary>
    public string? TopologyZone { get; init; }

    /// <summary>The body of the IDENTIFY command.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ClientIdentifyJson.Default.IdentifyRequest);
}
