namespace Orleans;

/// <summary>How the Orleans engine serialises a type by way of another.</summary>
public interface IConverter<TValue, TSurrogate>
    where TSurrogate : struct
{
    /// <summary>The value that the surrogate stands for.</summary>
    TValue ConvertFromSurrogate(in TSurrogate surrogate);

    /// <summary>The surrogate that stands for the value.</summary>
    TSurrogate ConvertToSurrogate(in TValue value);
}
