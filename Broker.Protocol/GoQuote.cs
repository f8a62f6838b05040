using System.Buffers;
using System.Globalization;
using System.Text;

namespace Broker.Protocol;

/// <summary>Text in double quotes with the escapes of Go's <c>%q</c>, as error texts show names (spec 1.6).</summary>
public static class GoQuote
{
    /// <summary>Quotes bytes that may or may not be UTF-8.</summary>
    public static string Quote(ReadOnlySpan<byte> text)
    {
        StringBuilder quoted = new(text.Length + 2);
        quoted.Append('"');
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out Rune rune, out int consumed) == OperationStatus.Done)
            {
                Append(quoted, rune);
            }
            else
            {
                // Go gives up on one byte at a time.
                consumed = 1;
                quoted.Append(CultureInfo.InvariantCulture, $"\\x{text[0]:x2}");
            }
            text = text[consumed..];
        }
        return quoted.Append('"').ToString();
    }

    private static void Append(StringBuilder quoted, Rune rune)
    {
        switch (rune.Value)
        {
            case '"': quoted.Append("\\\""); break;
            case '\\': quoted.Append("\\\\"); break;
            case '\a': quoted.Append("\\a"); break;
            case '\b': quoted.Append("\\b"); break;
            case '\f': quoted.Append("\\f"); break;
            case '\n': quoted.Append("\\n"); break;
            case '\r': quoted.Append("\\r"); break;
            case '\t': quoted.Append("\\t"); break;
            case '\v': quoted.Append("\\v"); break;
            case int value when IsPrintable(rune): quoted.Append(rune.ToString()); break;
            case int value and (< ' ' or 0x7f): quoted.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}"); break;
            case int value and < 0x10000: quoted.Append(CultureInfo.InvariantCulture, $"\\u{value:x4}"); break;
            case int value: quoted.Append(CultureInfo.InvariantCulture, $"\\U{value:x8}"); break;
        }
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator => false,
        _ => true,
    };
}
