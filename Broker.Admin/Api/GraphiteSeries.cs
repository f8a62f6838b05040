using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>A series of Graphite: value and time of each point.</summary>
internal sealed record GraphiteSeries(
    [property: JsonPropertyName("target")] string? Target,
    [property: JsonPropertyName("datapoints")] List<List<double?>>? Datapoints);
