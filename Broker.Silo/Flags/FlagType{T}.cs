namespace Broker.Silo.Flags;

/// <summary>How the text of a flag becomes a value.</summary>
/// <param name="label">What help calls the value.</param>
/// <param name="parse">Parses all that was given; throws <see cref="FormatException"/> with what is wrong and what to write.</param>
public sealed class FlagType<T>(string label, Func<IReadOnlyList<string>, T> parse)
{
    /// <summary>What help calls the value.</summary>
    public string Label => label;

    /// <summary>Whether the flag may stand alone, meaning true.</summary>
    public bool IsSwitch { get; init; }

    /// <summary>Whether several values count, rather than the last one only.</summary>
    public bool IsList { get; init; }

    /// <summary>Unit of a bare integer in the config file.</summary>
    public string IntegerUnit { get; init; } = "";

    /// <exception cref="FormatException">What is wrong and what to write.</exception>
    public T Parse(IReadOnlyList<string> texts) => parse(texts);
}
