using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Broker.Silo.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Broker.Silo.Logging;

/// <summary>
/// One JSON object a line: <c>time</c> (UTC), <c>level</c>, <c>event</c> and <c>name</c> of the event, <c>category</c>, <c>message</c>,
/// <c>fields</c> (what the message is made of, by name), <c>left_out</c> where lines of the same event were left out before, and
/// <c>exception</c>.
/// </summary>
public sealed class LogJsonFormatter(LogThrottle throttle, TimeProvider time) : ConsoleFormatter(FormatterName)
{
    /// <summary>Name that the console logger finds it by.</summary>
    public const string FormatterName = "broker-json";

    private const string Template = "{OriginalFormat}";

    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes, TextWriter writer)
    {
        // As in text, what ends the start is said once.
        if (entry.Exception is StartException || OrleansNoise.Has(entry)) return;
        if (!throttle.Admits(entry.Category, entry.EventId, entry.LogLevel, out long leftOut)) return;
        ArrayBufferWriter<byte> buffer = new(512);
        using (Utf8JsonWriter json = new(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", NameOf(entry.LogLevel));
            json.WriteNumber("event", entry.EventId.Id);
            if (entry.EventId.Name is { } name) json.WriteString("name", name);
            json.WriteString("category", entry.Category);
            json.WriteString("message", entry.Formatter(entry.State, entry.Exception));
            if (entry.State is IReadOnlyList<KeyValuePair<string, object?>> fields) WriteFields(json, fields);
            if (leftOut > 0) json.WriteNumber("left_out", leftOut);
            if (entry.Exception is not null) json.WriteString("exception", entry.Exception.ToString());
            json.WriteEndObject();
        }

        writer.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private static void WriteFields(Utf8JsonWriter json, IReadOnlyList<KeyValuePair<string, object?>> fields)
    {
        if (!fields.Any(static field => field.Key != Template)) return;
        json.WriteStartObject("fields");
        foreach ((string key, object? value) in fields)
        {
            if (key == Template) continue;
            switch (value)
            {
                case null:
                    json.WriteNull(key);
                    break;
                case int or long or short or byte:
                    json.WriteNumber(key, Convert.ToInt64(value, CultureInfo.InvariantCulture));
                    break;
                case bool truth:
                    json.WriteBoolean(key, truth);
                    break;
                default:
                    json.WriteString(key, Convert.ToString(value, CultureInfo.InvariantCulture));
                    break;
            }
        }

        json.WriteEndObject();
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "fatal",
    };
}
