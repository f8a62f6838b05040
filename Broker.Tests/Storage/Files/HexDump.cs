using System.Globalization;
using System.Text;

namespace Broker.Tests.Storage.Files;

/// <summary>Bytes as <c>hexdump -C</c> prints them; lines that repeat the one before are a star.</summary>
internal static class HexDump
{
    private const int Width = 16;

    public static string Of(ReadOnlySpan<byte> bytes)
    {
        StringBuilder dump = new();
        string before = "";
        for (int start = 0; start < bytes.Length; start += Width)
        {
            ReadOnlySpan<byte> row = bytes[start..Math.Min(start + Width, bytes.Length)];
            string line = Line(row);
            if (line == before && row.Length == Width)
            {
                if (dump[^2] != '*')
                    dump.Append("*\n");
                continue;
            }
            before = line;
            dump.Append(CultureInfo.InvariantCulture, $"{start:x8}  {line}\n");
        }
        return dump.Append(CultureInfo.InvariantCulture, $"{bytes.Length:x8}\n").ToString();
    }

    public static byte[] Read(string dump)
    {
        List<byte> bytes = [];
        byte[] row = [];
        foreach (string line in dump.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line == "*")
                continue;
            int address = int.Parse(line.AsSpan(0, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            // What a star stands for.
            while (bytes.Count < address)
                bytes.AddRange(row);
            if (line.Length == 8)
                break;
            row = Convert.FromHexString(line[8..line.IndexOf('|')].Replace(" ", "", StringComparison.Ordinal));
            bytes.AddRange(row);
        }
        return [.. bytes];
    }

    private static string Line(ReadOnlySpan<byte> row)
    {
        StringBuilder hex = new();
        StringBuilder text = new();
        for (int i = 0; i < Width; i++)
        {
            if (i == Width / 2)
                hex.Append(' ');
            hex.Append(i < row.Length ? $"{row[i]:x2} " : "   ");
            if (i < row.Length)
                text.Append(row[i] is >= 0x20 and < 0x7f ? (char)row[i] : '.');
        }
        return $"{hex} |{text}|";
    }
}
