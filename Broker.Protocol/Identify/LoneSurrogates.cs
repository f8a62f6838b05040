using System.Buffers.Text;

namespace Broker.Protocol;

/// <summary>
/// Halves of a surrogate pair that stand alone in the escapes of JSON, as in <c>"\ud800"</c>. Go reads U+FFFD for one; System.Text.Json refuses them.
/// </summary>
internal static class LoneSurrogates
{
    private const int EscapeLength = 6;

    /// <summary>Writes the escape of U+FFFD over each, in place.</summary>
    public static void Replace(Span<byte> json)
    {
        for (int at = json.IndexOf((byte)'\\'); at >= 0 && at < json.Length;)
        {
            int length = 2;
            if (Surrogate(json[at..]) is { } first)
            {
                bool isPair = char.IsHighSurrogate(first) && Surrogate(json[(at + EscapeLength)..]) is { } second && char.IsLowSurrogate(second);
                length = isPair ? 2 * EscapeLength : EscapeLength;
                if (!isPair)
                    "\\ufffd"u8.CopyTo(json[at..]);
            }
            at += Math.Min(length, json.Length - at);
            int next = json[at..].IndexOf((byte)'\\');
            at = next < 0 ? -1 : at + next;
        }
    }

    private static char? Surrogate(ReadOnlySpan<byte> json) =>
        json.Length >= EscapeLength && json[0] == '\\' && json[1] == 'u'
            && Utf8Parser.TryParse(json[2..EscapeLength], out ushort unit, out int read, 'x') && read == EscapeLength - 2 && char.IsSurrogate((char)unit)
                ? (char)unit
                : null;
}
