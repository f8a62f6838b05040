namespace Orleans.Runtime;

/// <summary>The kind of a grain: by default the name of its class in lower case, without "Grain".</summary>
public readonly struct GrainType : IEquatable<GrainType>, IComparable<GrainType>
{
    private readonly IdSpan _value;

    /// <summary>Makes one of its text.</summary>
    public GrainType(IdSpan id) => _value = id;

    /// <summary>The text.</summary>
    public IdSpan Value => _value;

    /// <summary>Whether nothing is in it.</summary>
    public bool IsDefault => _value.IsDefault;

    /// <summary>Makes one of a text.</summary>
    public static GrainType Create(string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(value);
        return new GrainType(IdSpan.Create(value));
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is GrainType other && Equals(other);

    /// <inheritdoc/>
    public bool Equals(GrainType obj) => _value.Equals(obj._value);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <inheritdoc/>
    public int CompareTo(GrainType other) => _value.CompareTo(other._value);

    /// <inheritdoc/>
    public override string ToString() => _value.ToString();

    /// <summary>Whether two are the same kind.</summary>
    public static bool operator ==(GrainType left, GrainType right) => left.Equals(right);

    /// <summary>Whether two are different kinds.</summary>
    public static bool operator !=(GrainType left, GrainType right) => !left.Equals(right);
}
