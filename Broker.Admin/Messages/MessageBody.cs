using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace Broker.Admin;

/// <summary>The body of a message as people read it: JSON, text or hex.</summary>
public static class MessageBody
{
    /// <summary>As JSON where it is that, as text where one can read it, else as hex.</summary>
    public const string Auto = "auto";

    /// <summary>As text, whatever it is.</summary>
    public const string Text = "text";

    /// <summary>As JSON where it is that.</summary>
    public const string Json = "json";

    /// <summary>As hex.</summary>
    public const string Hex = "hex";

    private const int BytesInALine = 16;

    // All that JSON allows to stand as it is: whoever writes it into a page encodes it for that.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>How a body is best read.</summary>
    public static string KindOf(ReadOnlySpan<byte> body) => !Utf8.IsValid(body) || HasControls(body) ? Hex : TryIndent(body) is not null ? Json : Text;

    /// <summary>The body in one of its forms.</summary>
    public static string Format(byte[] body, string form)
    {
        string kind = form == Auto ? KindOf(body) : form;
        return kind switch
        {
            Hex => Dump(body),
            Json when TryIndent(body) is { } json => json,
            _ => Encoding.UTF8.GetString(body),
        };
    }

    /// <summary>Its beginning on one line.</summary>
    public static string Preview(byte[] body, int length)
    {
        if (KindOf(body) == Hex)
            return Convert.ToHexString(body.AsSpan(0, Math.Min(body.Length, length / 3))).ToLowerInvariant() + (body.Length > length / 3 ? "…" : "");
        string text = Encoding.UTF8.GetString(body).ReplaceLineEndings(" ");
        return text.Length > length ? $"{text[..length]}…" : text;
    }

    /// <summary>Bytes that are written as hex, with any white space between; null when they are not.</summary>
    public static byte[]? ParseHex(string text)
    {
        string digits = string.Concat(text.Where(static c => !char.IsWhiteSpace(c)));
        return digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : null;
    }

    private static bool HasControls(ReadOnlySpan<byte> body)
    {
        foreach (byte b in body)
        {
            if (b < ' ' && b is not ((byte)'\n' or (byte)'\r' or (byte)'\t') || b == 0x7F)
                return true;
        }
        return false;
    }

    private static string? TryIndent(ReadOnlySpan<byte> body)
    {
        // A number or a word is JSON too, but nobody means it.
        if (body.TrimStart(" \t\r\n"u8) is not [(byte)'{' or (byte)'[', ..])
            return null;
        try
        {
            Utf8JsonReader reader = new(body);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            using MemoryStream output = new();
            using (Utf8JsonWriter writer = new(output, Indented))
                document.WriteTo(writer);
            return Encoding.UTF8.GetString(output.ToArray());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Dump(byte[] body)
    {
        StringBuilder text = new();
        for (int i = 0; i < body.Length; i += BytesInALine)
        {
            ReadOnlySpan<byte> line = body.AsSpan(i, Math.Min(BytesInALine, body.Length - i));
            text.Append(CultureInfo.InvariantCulture, $"{i:x8}  ");
            for (int j = 0; j < BytesInALine; j++)
                text.Append(j < line.Length ? line[j].ToString("x2", CultureInfo.InvariantCulture) : "  ").Append(j == BytesInALine / 2 - 1 ? "  " : " ");
            text.Append(' ');
            foreach (byte b in line)
                text.Append(b is >= 0x20 and < 0x7F ? (char)b : '.');
            text.Append('\n');
        }
        return text.ToString();
    }
}
