namespace Orleans;

/// <summary>Asks the Orleans engine for a serialiser; the embedded engine needs none.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)]
public sealed class GenerateSerializerAttribute : Attribute
{
    /// <summary>Whether the parameters of the primary constructor are serialised too.</summary>
    public bool IncludePrimaryConstructorParameters { get; init; }
}
