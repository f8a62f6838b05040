using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Health;

/// <summary>How readiness is written.</summary>
[JsonSerializable(typeof(ReadinessDocument))]
internal sealed partial class ReadinessJson : JsonSerializerContext
{
    // As for statistics: names are to be read by people.
    public static ReadinessJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
