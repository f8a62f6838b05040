using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>A rate that Graphite knows.</summary>
internal sealed record RateAnswer([property: JsonPropertyName("rate")] string Rate);
