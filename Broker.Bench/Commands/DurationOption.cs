using System.CommandLine;
using System.Globalization;

namespace Broker.Bench.Commands;

/// <summary>An option that is a span of time: <c>500ms</c>, <c>10s</c>, <c>2m</c>, or a bare number of seconds.</summary>
internal sealed class DurationOption : Option<TimeSpan?>
{
    private static readonly (string Suffix, double Milliseconds)[] Units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("", 1000)];

    public DurationOption(string name, string description)
        : base(name)
    {
        Description = description;
        CustomParser = result =>
        {
            TimeSpan? span = Parse(result.Tokens[0].Value);
            if (span is null)
                result.AddError($"{name} must be a time like 500ms, 10s or 2m, not '{result.Tokens[0].Value}'");
            return span;
        };
    }

    private static TimeSpan? Parse(string text)
    {
        foreach ((string suffix, double milliseconds) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
                && value * milliseconds <= TimeSpan.MaxValue.TotalMilliseconds / 2)
                return TimeSpan.FromMilliseconds(value * milliseconds);
        }
        return null;
    }
}
