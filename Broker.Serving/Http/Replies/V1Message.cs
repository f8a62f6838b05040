using System.Text.Json.Serialization;

namespace Broker.Serving.Http.Replies;

/// <summary>The body of an error.</summary>
internal sealed record V1Message([property: JsonPropertyName("message")] string Message);
