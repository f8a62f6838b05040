namespace Broker.Admin;

/// <summary>The texts and lines of a page that change while one looks at it, by their keys.</summary>
public sealed class LiveValues
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>Hash of the keys: another one when rows have come or gone, so that the page must be fetched anew.</summary>
    public string Shape
    {
        get
        {
            // Of strings' own hashes none outlives the process, and so does no page that is looked at.
            HashCode hash = default;
            foreach (string key in _values.Keys)
                hash.Add(key);
            return hash.ToHashCode().ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Notes a value.</summary>
    public void Set(string key, string value) => _values[key] = value;

    /// <summary>What differs from an earlier state of the page.</summary>
    public Dictionary<string, string> Since(LiveValues? earlier) => earlier is null
        ? _values
        : _values.Where(value => !earlier._values.TryGetValue(value.Key, out string? old) || old != value.Value)
            .ToDictionary(static value => value.Key, static value => value.Value);
}
