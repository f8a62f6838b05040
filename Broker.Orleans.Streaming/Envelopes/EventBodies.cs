using System.Text;
using System.Text.Json;
using Orleans.Serialization;

namespace Broker.Orleans.Streaming.Envelopes;

/// <summary>Turns events into bytes and back, in each of the formats.</summary>
internal sealed class EventBodies(Serializer serializer)
{
    private static readonly JsonSerializerOptions Json = JsonSerializerOptions.Web;

    public byte[] WriteOrleans<T>(IEnumerable<T> events)
    {
        List<object?> boxed = [.. events];
        return serializer.SerializeToArray(boxed);
    }

    /// <summary>The events as a JSON array.</summary>
    public static byte[] WriteJson<T>(IEnumerable<T> events)
    {
        // By what they are, not by what the stream calls them.
        object?[] boxed = [.. events];
        return JsonSerializer.SerializeToUtf8Bytes(boxed, Json);
    }

    /// <summary>One event as a body of its own.</summary>
    public static ReadOnlyMemory<byte> WritePlain<T>(T item) => item switch
    {
        byte[] bytes => bytes,
        ReadOnlyMemory<byte> bytes => bytes,
        string text => Encoding.UTF8.GetBytes(text),
        _ => JsonSerializer.SerializeToUtf8Bytes<object?>(item, Json),
    };

    public byte[] WriteContext(Dictionary<string, object> context) => serializer.SerializeToArray(context);

    public Dictionary<string, object> ReadContext(ReadOnlySpan<byte> bytes) => serializer.Deserialize<Dictionary<string, object>>(bytes)!;

    /// <exception cref="InvalidCastException">An event is not of this type.</exception>
    /// <exception cref="JsonException">The JSON is not one of this type.</exception>
    public IReadOnlyList<T> Read<T>(EventBody body) => body.Format switch
    {
        StreamBodyFormat.Orleans => [.. serializer.Deserialize<List<object>>(body.Events)!.Cast<T>()],
        StreamBodyFormat.Json => JsonSerializer.Deserialize<List<T>>(body.Events, Json) ?? [],
        StreamBodyFormat.Plain => [ReadPlain<T>(body.Events)],
        _ => throw new MalformedEnvelopeException($"events in format {(int)body.Format} are of a newer version of this library"),
    };

    private static T ReadPlain<T>(byte[] body)
    {
        if (typeof(T) == typeof(byte[]) || typeof(T) == typeof(object)) return (T)(object)body;
        if (typeof(T) == typeof(ReadOnlyMemory<byte>)) return (T)(object)new ReadOnlyMemory<byte>(body);
        if (typeof(T) == typeof(string)) return (T)(object)Encoding.UTF8.GetString(body);
        return JsonSerializer.Deserialize<T>(body, Json)!;
    }
}
