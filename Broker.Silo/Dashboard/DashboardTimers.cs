using Orleans.Dashboard;
using Orleans.Runtime;
using Orleans.Timers;

namespace Broker.Silo.Dashboard;

/// <summary>The timers of a silo's grains, of which the one that samples the silo each second for the dashboard stands still while nobody looks.</summary>
/// <param name="timers">Orleans' own.</param>
internal sealed class DashboardTimers(ITimerRegistry timers) : ITimerRegistry
{
    private IGrainTimer? _sampler;
    private TimeSpan _period;

    /// <inheritdoc/>
    [Obsolete("As in the interface.")]
    public IDisposable RegisterTimer(IGrainContext grainContext, Func<object?, Task> callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        timers.RegisterTimer(grainContext, callback, state, dueTime, period);

    /// <inheritdoc/>
    public IGrainTimer RegisterGrainTimer<TState>(
        IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        IGrainTimer timer = timers.RegisterGrainTimer(grainContext, callback, state, options);
        // The dashboard's part of a silo is a context itself; that of a grain is Orleans'.
        if (grainContext.GetType().Assembly == typeof(DashboardOptions).Assembly)
        {
            (_sampler, _period) = (timer, options.Period);
            Stop();
        }
        return timer;
    }

    /// <summary>Has the silo sampled from now on.</summary>
    public void Start() => _sampler?.Change(TimeSpan.Zero, _period);

    /// <summary>Has it sampled no more.</summary>
    public void Stop() => _sampler?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
}
