using System.Text.Json.Serialization;

namespace Broker.Gateway.Announcing;

/// <summary>What a lookup service answers when it is asked for the channels of a topic (spec 4.2).</summary>
/// <param name="Channels">Their names; null when it does not say.</param>
internal sealed record KnownChannels([property: JsonPropertyName("channels")] IReadOnlyList<string>? Channels);
