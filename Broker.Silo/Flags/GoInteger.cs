using System.Globalization;

namespace Broker.Silo.Flags;

/// <summary>The spellings of an integer that Go's flag package takes: 10, -3, 1_000, 0x1F, 0b11, 0o17, 017.</summary>
public static class GoInteger
{
    /// <summary>Parses an integer; false when it is none or does not fit.</summary>
    public static bool TryParse(string text, out long value)
    {
        value = 0;
        ReadOnlySpan<char> rest = text;
        bool negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+")) rest = rest[1..];

        (int radix, int prefix) = RadixOf(rest);
        rest = rest[prefix..];
        if (rest.IsEmpty || rest.EndsWith("_") || (prefix == 0 && rest.StartsWith("_"))) return false;

        Int128 sum = 0;
        bool afterUnderscore = false;
        foreach (char c in rest)
        {
            if (c == '_')
            {
                if (afterUnderscore) return false;
                afterUnderscore = true;
                continue;
            }
            afterUnderscore = false;
            if (!char.IsAsciiHexDigit(c)) return false;
            int digit = Convert.ToInt32(c.ToString(), 16);
            if (digit >= radix) return false;
            sum = (sum * radix) + digit;
            if (sum > (Int128)long.MaxValue + 1) return false;
        }
        if (negative) sum = -sum;
        if (sum > long.MaxValue) return false;
        value = (long)sum;
        return true;
    }

    /// <summary>Writes an integer the way it is parsed back.</summary>
    public static string Format(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static (int Radix, int Prefix) RadixOf(ReadOnlySpan<char> digits)
    {
        if (digits.Length < 2 || digits[0] != '0') return (10, 0);
        return digits[1] switch
        {
            'x' or 'X' => (16, 2),
            'b' or 'B' => (2, 2),
            'o' or 'O' => (8, 2),
            _ => (8, 1),
        };
    }
}
