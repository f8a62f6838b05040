using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>Answer of <c>/info</c>.</summary>
/// <param name="Version">Version of the lookup service.</param>
public sealed record LookupVersion([property: JsonPropertyName("version")] string Version);
