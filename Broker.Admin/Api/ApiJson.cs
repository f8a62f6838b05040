using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>How the JSON API is written and its bodies are read.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(ActionBody))]
[JsonSerializable(typeof(ActionNotice))]
[JsonSerializable(typeof(ChannelFigures))]
[JsonSerializable(typeof(CounterAnswer))]
[JsonSerializable(typeof(InactiveTopicsAnswer))]
[JsonSerializable(typeof(List<GraphiteSeries>))]
[JsonSerializable(typeof(MessageAnswer))]
[JsonSerializable(typeof(NodeAnswer))]
[JsonSerializable(typeof(NodesAnswer))]
[JsonSerializable(typeof(RateAnswer))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(TopicFigures))]
[JsonSerializable(typeof(TopicsAnswer))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    // The default escapes all that could be harmful in a web page, and with it half of what user agents call themselves.
    public static ApiJson Readable { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
