using System.Globalization;
using System.Text.Json;
using Broker.Serving.Http.Replies;
using Microsoft.Extensions.Logging;

namespace Broker.Serving.Http.Config;

/// <summary>The value of an option as <c>/config</c> tells it (spec 3.2).</summary>
/// <param name="Text">The value.</param>
/// <param name="IsJson">Whether it is JSON; else it is text as it is.</param>
public sealed record OptionValue(string Text, bool IsJson)
{
    /// <summary>Text as it is, everything else as JSON: durations in nanoseconds, levels as nsqd counts them.</summary>
    /// <exception cref="ArgumentException">No option has values of that type.</exception>
    public static OptionValue Of(object value) => value switch
    {
        string text => new(text, IsJson: false),
        bool flag => new(flag ? "true" : "false", IsJson: true),
        int or long => new(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture), IsJson: true),
        TimeSpan duration => Of(duration.Ticks * TimeSpan.NanosecondsPerTick),
        LogLevel level => Of(NumberOf(level)),
        IEnumerable<string> texts => new(JsonSerializer.Serialize(texts.ToArray(), V1Json.Default.StringArray), IsJson: true),
        IEnumerable<double> numbers => new(JsonSerializer.Serialize(numbers.ToArray(), V1Json.Default.DoubleArray), IsJson: true),
        _ => throw new ArgumentException($"no option is a {value.GetType()}", nameof(value)),
    };

    private static int NumberOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => 1,
        LogLevel.Information => 2,
        LogLevel.Warning => 3,
        LogLevel.Error => 4,
        _ => 5,
    };
}
