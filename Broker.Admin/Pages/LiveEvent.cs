using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>What a browser is told after a sample.</summary>
/// <param name="Shape">Hash of what there is on the page.</param>
/// <param name="Values">What has changed, by key.</param>
internal sealed record LiveEvent(
    [property: JsonPropertyName("shape")] string Shape,
    [property: JsonPropertyName("values")] Dictionary<string, string> Values);
