using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>A node with its topics, as <c>/nodes</c> lists it.</summary>
public sealed record Node : Producer
{
    /// <summary>For each of <see cref="Topics"/>, whether a tombstone hides the node.</summary>
    [JsonPropertyName("tombstones")] public required IReadOnlyList<bool> Tombstones { get; init; }

    /// <summary>Names of its topics, ordered (ordinal).</summary>
    [JsonPropertyName("topics")] public required IReadOnlyList<string> Topics { get; init; }
}
