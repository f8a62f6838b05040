namespace Broker.Orleans.Embedded;

/// <summary>Makes timers that do not keep the async locals of whoever happens to make them.</summary>
internal static class UnflowedTimer
{
    /// <summary>A timer that is not started.</summary>
    public static ITimer Create(TimeProvider time, TimerCallback callback, object state)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return time.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        using (ExecutionContext.SuppressFlow())
        {
            return time.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
