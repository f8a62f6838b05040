using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>Nothing but what failed.</summary>
internal sealed record MessageAnswer([property: JsonPropertyName("message")] string Message);
