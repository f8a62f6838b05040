using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>The names of topics.</summary>
internal sealed record TopicsAnswer(
    [property: JsonPropertyName("topics")] List<string>? Topics,
    [property: JsonPropertyName("message")] string Message);
