namespace Orleans;

/// <summary>The number of a member on the wire; it never changes meaning.</summary>
[AttributeUsage(
    AttributeTargets.Field
    | AttributeTargets.Property
    | AttributeTargets.Parameter
    | AttributeTargets.Class
    | AttributeTargets.Struct
    | AttributeTargets.Enum
    | AttributeTargets.Method)]
public sealed class IdAttribute : Attribute
{
    /// <summary>Numbers a member.</summary>
    public IdAttribute(uint id) => Id = id;

    /// <summary>The number.</summary>
    public uint Id { get; }
}
