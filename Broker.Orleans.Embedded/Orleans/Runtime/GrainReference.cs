namespace Orleans.Runtime;

/// <summary>Stands for a grain or an observer; what implements its interface derives from this.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    internal GrainReference(GrainId grainId) => GrainId = grainId;

    /// <summary>The grain's type and key.</summary>
    public GrainId GrainId { get; }

    /// <summary>The name of the interface by which this reference calls.</summary>
    public virtual string InterfaceName => nameof(IAddressable);

    /// <summary>A reference to the same grain by another of its interfaces.</summary>
    public virtual TGrainInterface Cast<TGrainInterface>()
        where TGrainInterface : IAddressable => (TGrainInterface)As(typeof(TGrainInterface));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    /// <inheritdoc/>
    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    /// <inheritdoc/>
    public override int GetHashCode() => GrainId.GetHashCode();

    /// <inheritdoc/>
    public sealed override string ToString() => $"GrainReference:{GrainId}:{InterfaceName}";

    /// <summary>Whether two stand for the same grain.</summary>
    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) =>
        reference1 is null ? reference2 is null : reference1.Equals(reference2);

    /// <summary>Whether two stand for different grains.</summary>
    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);

    internal virtual object As(Type interfaceType) => throw new InvalidCastException($"{this} cannot be called as {interfaceType}.");
}
