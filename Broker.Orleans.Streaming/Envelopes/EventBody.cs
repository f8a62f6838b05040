using Orleans;

namespace Broker.Orleans.Streaming.Envelopes;

/// <summary>What an envelope holds beside the stream's name.</summary>
/// <param name="Format">How <paramref name="Events"/> is written.</param>
/// <param name="Events">The events.</param>
/// <param name="Context">The producer's request context; null for none.</param>
/// <param name="TraceParent">The producer's span as W3C writes it; null for none.</param>
/// <param name="TraceState">What belongs to it; null for none.</param>
[GenerateSerializer]
[Immutable]
[Alias("Broker.Orleans.Streaming.EventBody")]
internal sealed record EventBody(
    [property: Id(0)] StreamBodyFormat Format,
    [property: Id(1)] byte[] Events,
    [property: Id(2)] Dictionary<string, object>? Context = null,
    [property: Id(3)] string? TraceParent = null,
    [property: Id(4)] string? TraceState = null);
