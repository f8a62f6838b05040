namespace Orleans;

/// <summary>Makes an <see cref="IConverter{TValue, TSurrogate}"/> known to the Orleans engine's serialiser.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
public sealed class RegisterConverterAttribute : Attribute;
