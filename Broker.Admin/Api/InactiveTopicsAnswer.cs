using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>Topics without a broker, and their channels.</summary>
internal sealed record InactiveTopicsAnswer(
    [property: JsonPropertyName("topics")] SortedDictionary<string, List<string>?> Topics,
    [property: JsonPropertyName("message")] string Message);
