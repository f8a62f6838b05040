namespace Orleans.Runtime;

/// <summary>One activation of a grain.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain's type and key.</summary>
    GrainId GrainId { get; }

    /// <summary>The instance of the grain class; null until it was constructed.</summary>
    object? GrainInstance { get; }

    /// <summary>The services of this activation; they are disposed of with it.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the activation is gone.</summary>
    Task Deactivated { get; }

    /// <summary>Begins to deactivate: no further request begins, and when those that run have ended the grain goes.</summary>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}
