using Orleans.Runtime;

namespace Orleans;

/// <summary>What a grain class must offer to the host; <see cref="Grain"/> implements it.</summary>
public interface IGrainBase
{
    /// <summary>The activation that this instance belongs to.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Runs before the first request. If it fails, the waiting callers receive its exception.</summary>
    /// <param name="token">Cancelled when activation takes longer than the host allows.</param>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Runs after the last request.</summary>
    /// <param name="reason">Why the activation goes.</param>
    /// <param name="token">Cancelled when the host will wait no longer.</param>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
