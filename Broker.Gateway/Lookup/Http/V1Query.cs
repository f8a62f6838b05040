using System.Text;

namespace Broker.Gateway.Lookup.Http;

/// <summary>The parameters of a request's query string, read as Go reads them: the first value of a repeated key counts (spec 3.1).</summary>
internal sealed class V1Query
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private V1Query()
    {
    }

    /// <summary>The value of a key, which may be empty; null when the key is not there.</summary>
    public string? Find(string key) => _values.GetValueOrDefault(key);

    /// <summary>Reads a query string with or without its <c>?</c>; null when it has a bad escape or a semicolon.</summary>
    public static V1Query? TryParse(string queryString)
    {
        V1Query query = new();
        foreach (Range part in queryString.AsSpan().TrimStart('?').Split('&'))
        {
            ReadOnlySpan<char> pair = queryString.AsSpan().TrimStart('?')[part];
            if (pair.IsEmpty)
                continue;
            if (pair.Contains(';'))
                return null;
            int equals = pair.IndexOf('=');
            ReadOnlySpan<char> rawKey = equals < 0 ? pair : pair[..equals];
            ReadOnlySpan<char> rawValue = equals < 0 ? default : pair[(equals + 1)..];
            if (Unescape(rawKey) is not { } key || Unescape(rawValue) is not { } value)
                return null;
            query._values.TryAdd(key, value);
        }
        return query;
    }

    private static string? Unescape(ReadOnlySpan<char> text)
    {
        if (!text.ContainsAny('%', '+'))
            return text.ToString();
        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '+':
                    bytes[length++] = (byte)' ';
                    break;
                case '%':
                    if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
                        return null;
                    bytes[length++] = Convert.FromHexString(text.Slice(i + 1, 2))[0];
                    i += 2;
                    break;
                default:
                    length += Encoding.UTF8.GetBytes(text.Slice(i, 1), bytes.AsSpan(length));
                    break;
            }
        }
        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
