using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Stats;

/// <summary>How statistics are written.</summary>
[JsonSerializable(typeof(StatsDocument))]
internal sealed partial class StatsJson : JsonSerializerContext
{
    // The default escapes all that could be harmful in a web page, and with it half of what user agents call themselves.
    public static StatsJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
