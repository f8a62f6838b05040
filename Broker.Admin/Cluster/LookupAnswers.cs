using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>What a lookup service answers (spec 4.2), each field where an answer has it.</summary>
internal sealed class LookupAnswers
{
    [JsonPropertyName("topics")] public List<string>? Topics { get; init; }

    [JsonPropertyName("channels")] public List<string>? Channels { get; init; }

    [JsonPropertyName("producers")] public List<LookupProducer>? Producers { get; init; }
}
