using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>Answer of <c>/channels</c>.</summary>
/// <param name="Channels">Names, those without producers included, ordered (ordinal); empty for an unknown topic.</param>
public sealed record ChannelList([property: JsonPropertyName("channels")] IReadOnlyList<string> Channels);
