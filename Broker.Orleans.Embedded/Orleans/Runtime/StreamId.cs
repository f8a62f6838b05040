namespace Orleans.Runtime;

/// <summary>A stream's identity: a namespace and a key in it.</summary>
public readonly struct StreamId : IEquatable<StreamId>
{
    private readonly string? _namespace;
    private readonly string? _key;

    private StreamId(string? ns, string key)
    {
        _namespace = ns;
        _key = key;
    }

    /// <summary>Makes an identity.</summary>
    public static StreamId Create(string? ns, string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        return new StreamId(ns, key);
    }

    /// <inheritdoc/>
    public bool Equals(StreamId other) => _namespace == other._namespace && _key == other._key;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is StreamId other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_namespace, _key);

    /// <inheritdoc/>
    public override string ToString() => $"{_namespace ?? "null"}/{_key}";

    /// <summary>Whether two are the same stream.</summary>
    public static bool operator ==(StreamId s1, StreamId s2) => s1.Equals(s2);

    /// <summary>Whether two are different streams.</summary>
    public static bool operator !=(StreamId s1, StreamId s2) => !s1.Equals(s2);
}
