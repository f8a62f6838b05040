using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>How <c>/info</c> is written.</summary>
[JsonSerializable(typeof(InfoDocument))]
internal sealed partial class InfoJson : JsonSerializerContext
{
    // As for statistics: names are to be read by people.
    public static InfoJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
