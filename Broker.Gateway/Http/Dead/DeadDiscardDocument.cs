using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Dead;

/// <summary>What <c>/channel/dead/discard</c> answers.</summary>
/// <param name="Discarded">How many dead letters were discarded.</param>
public sealed record DeadDiscardDocument([property: JsonPropertyName("discarded")] long Discarded);
