using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Broker.Gateway.Http.Health;

namespace Broker.Gateway.Http;

/// <summary>How what the broker says of itself is written.</summary>
[JsonSerializable(typeof(InfoDocument))]
[JsonSerializable(typeof(StatsDocument))]
[JsonSerializable(typeof(ReadinessDocument))]
internal sealed partial class StatsJson : JsonSerializerContext
{
    // The default escapes all that could be harmful in a web page, and with it half of what user agents call themselves.
    public static StatsJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
