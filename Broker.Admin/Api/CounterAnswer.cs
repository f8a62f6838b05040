using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>All channels' counts by <c>topic:channel:node</c>.</summary>
internal sealed record CounterAnswer(
    [property: JsonPropertyName("stats")] SortedDictionary<string, ChannelCount> Stats,
    [property: JsonPropertyName("message")] string Message);
