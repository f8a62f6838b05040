using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http;

/// <summary>The parameters of a request: those of its query, never of its body; of a repeated one the first counts (spec 3.1).</summary>
public sealed class QueryParameters
{
    private readonly List<(string Name, string Value)> _parameters = [];

    private QueryParameters()
    {
    }

    /// <summary>The request's parameters; null when the query cannot be read: a stray <c>%</c> or, as in Go, a semicolon.</summary>
    public static QueryParameters? Of(HttpRequest request) => Parse(request.QueryString.Value);

    /// <summary>The parameters in a query, which may begin with a question mark; null when it cannot be read.</summary>
    public static QueryParameters? Parse(string? query)
    {
        QueryParameters parameters = new();
        ReadOnlySpan<char> text = query;
        if (text.StartsWith("?"))
            text = text[1..];
        foreach (Range range in text.Split('&'))
        {
            ReadOnlySpan<char> part = text[range];
            if (part.IsEmpty)
                continue;
            int equals = part.IndexOf('=');
            string? name = Unescape(equals < 0 ? part : part[..equals]);
            string? value = equals < 0 ? "" : Unescape(part[(equals + 1)..]);
            if (name is null || value is null)
                return null;
            parameters._parameters.Add((name, value));
        }
        return parameters;
    }

    /// <summary>The value of a parameter, which may be empty; null when it was not given.</summary>
    public string? Find(string name)
    {
        foreach ((string key, string value) in _parameters)
        {
            if (key == name)
                return value;
        }
        return null;
    }

    /// <summary>A parameter that is <c>true</c>, <c>1</c>, <c>false</c> or <c>0</c>; null for any other value, and when it was not given.</summary>
    public bool? FindBoolean(string name) => Find(name) switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => null,
    };

    /// <summary>Reads a whole number; it stays as it is when the parameter was not given.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="least">The least good number, 0 or more.</param>
    /// <param name="greatest">The greatest good number.</param>
    /// <param name="number">The number.</param>
    /// <returns>False when it was given and is no number from the least to the greatest.</returns>
    public bool TryFindNumber(string name, long least, long greatest, ref long number) =>
        Find(name) is not { } text
        || (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least && number <= greatest);

    private static string? Unescape(ReadOnlySpan<char> text)
    {
        if (text.Contains(';'))
            return null;
        if (text.IndexOfAny('%', '+') < 0)
            return text.ToString();

        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int length = 0;
        while (!text.IsEmpty)
        {
            int special = text.IndexOfAny('%', '+');
            ReadOnlySpan<char> plain = special < 0 ? text : text[..special];
            length += Encoding.UTF8.GetBytes(plain, bytes.AsSpan(length));
            text = text[plain.Length..];
            if (text.IsEmpty)
                break;
            if (text[0] == '+')
            {
                bytes[length++] = (byte)' ';
                text = text[1..];
                continue;
            }
            if (text.Length < 3 || !byte.TryParse(text[1..3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bytes[length]))
                return null;
            length++;
            text = text[3..];
        }
        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
