using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Orleans.Runtime;

namespace Broker.Orleans.Streaming.Envelopes;

/// <summary>
/// The envelope that other languages read and write:
/// <c>{"version":1,"namespace":"orders","key":"42","events":[…],"context":{…},"traceparent":"00-…","tracestate":"…"}</c>; the last three may
/// be missing.
/// </summary>
internal static class JsonEnvelope
{
    public static byte[] Write(StreamId stream, byte[] events, Dictionary<string, object>? context, Activity? span)
    {
        ArrayBufferWriter<byte> buffer = new(events.Length + 256);
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteNumber("version", Envelope.Version);
        json.WriteString("namespace", Encoding.UTF8.GetString(stream.Namespace.Span));
        json.WriteString("key", Encoding.UTF8.GetString(stream.Key.Span));
        json.WritePropertyName("events");
        json.WriteRawValue(events, skipInputValidation: true);
        if (context is not null)
        {
            json.WritePropertyName("context");
            JsonSerializer.Serialize(json, context, JsonSerializerOptions.Web);
        }
        if (span is not null)
        {
            json.WriteString("traceparent", span.Id);
            if (span.TraceStateString is { } state) json.WriteString("tracestate", state);
        }
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    public static (StreamId Stream, EventBody Body) Read(ReadOnlySpan<byte> message)
    {
        Utf8JsonReader reader = new(message);
        using JsonDocument document = JsonDocument.ParseValue(ref reader);
        JsonElement root = document.RootElement;
        int version = root.TryGetProperty("version", out JsonElement number) ? number.GetInt32() : Envelope.Version;
        if (version != Envelope.Version) throw new MalformedEnvelopeException($"the envelope's version {version} is of a newer version of this library");
        if (!root.TryGetProperty("events", out JsonElement events) || events.ValueKind != JsonValueKind.Array)
            throw new MalformedEnvelopeException("the envelope has no array \"events\"");
        if (Text(root, "key") is not { Length: > 0 } key) throw new MalformedEnvelopeException("the envelope has no \"key\"");
        StreamId stream = StreamId.Create(Text(root, "namespace") ?? "", key);
        Dictionary<string, object>? context = root.TryGetProperty("context", out JsonElement values) && values.ValueKind == JsonValueKind.Object
            ? values.EnumerateObject().ToDictionary(property => property.Name, property => ValueOf(property.Value))
            : null;
        byte[] raw = JsonMarshal.GetRawUtf8Value(events).ToArray();
        return (stream, new EventBody(StreamBodyFormat.Json, raw, context, Text(root, "traceparent"), Text(root, "tracestate")));
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement element) && element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    private static object ValueOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => element.TryGetInt64(out long whole) ? (object)whole : element.GetDouble(),
        JsonValueKind.String => element.GetString()!,
        _ => element.GetRawText(),
    };
}
