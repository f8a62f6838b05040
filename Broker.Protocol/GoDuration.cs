using System.Globalization;
using System.Text;

namespace Broker.Protocol;

/// <summary>Durations as Go writes them: 250ms, 2s, 1m30s, 1.5h.</summary>
/// <remarks>
/// Go counts whole nanoseconds in 64 bits. A <see cref="TimeSpan"/> counts ticks of 100 ns, so what is below a tick is cut off;
/// what Go could not hold is refused here too, so that one configuration means the same to both.
/// </remarks>
public static class GoDuration
{
    private static readonly (string Unit, long Nanoseconds)[] Units =
    [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];

    /// <summary>Parses a duration; false when it is none or does not fit.</summary>
    public static bool TryParse(string text, out TimeSpan value)
    {
        value = default;
        ReadOnlySpan<char> rest = text;
        bool negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+")) rest = rest[1..];
        // Zero is the one number that means the same in every unit.
        if (rest is "0") return true;
        if (rest.IsEmpty) return false;

        decimal nanoseconds = 0;
        while (!rest.IsEmpty)
        {
            int numberLength = rest.IndexOfAnyExcept("0123456789.");
            if (numberLength <= 0) return false;
            ReadOnlySpan<char> number = rest[..numberLength];
            rest = rest[numberLength..];

            int unitLength = rest.IndexOfAny("0123456789.");
            ReadOnlySpan<char> unit = unitLength < 0 ? rest : rest[..unitLength];
            rest = rest[unit.Length..];

            if (!TryScale(unit, out long scale) || number is ".") return false;
            if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count)) return false;
            if (count > long.MaxValue) return false;
            nanoseconds += count * scale;
            if (nanoseconds > long.MaxValue) return false;
        }
        long ticks = (long)nanoseconds / TimeSpan.NanosecondsPerTick;
        value = new TimeSpan(negative ? -ticks : ticks);
        return true;
    }

    /// <summary>Writes a duration as Go prints it: 1h0m0s, 1m30s, 1.5s, 250ms, 0s.</summary>
    public static string Format(TimeSpan value)
    {
        if (value == TimeSpan.Zero) return "0s";
        StringBuilder text = new();
        if (value < TimeSpan.Zero) text.Append('-');
        decimal seconds = Math.Abs((decimal)value.Ticks) / TimeSpan.TicksPerSecond;
        if (seconds < 1)
        {
            (decimal count, string unit) = seconds switch
            {
                >= 0.001m => (seconds * 1_000, "ms"),
                >= 0.000_001m => (seconds * 1_000_000, "µs"),
                _ => (seconds * 1_000_000_000, "ns"),
            };
            return text.Append(Plain(count)).Append(unit).ToString();
        }
        decimal hours = decimal.Floor(seconds / 3600);
        decimal minutes = decimal.Floor(seconds % 3600 / 60);
        if (hours > 0) text.Append(Plain(hours)).Append('h');
        if (hours > 0 || minutes > 0) text.Append(Plain(minutes)).Append('m');
        return text.Append(Plain(seconds % 60)).Append('s').ToString();
    }

    private static bool TryScale(ReadOnlySpan<char> unit, out long nanoseconds)
    {
        foreach ((string name, long scale) in Units)
        {
            if (unit.SequenceEqual(name))
            {
                nanoseconds = scale;
                return true;
            }
        }
        nanoseconds = 0;
        return false;
    }

    private static string Plain(decimal number) => number.ToString("0.#########", CultureInfo.InvariantCulture);
}
