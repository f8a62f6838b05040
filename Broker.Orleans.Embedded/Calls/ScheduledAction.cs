namespace Broker.Orleans.Embedded;

/// <summary>Something small that the scheduler runs outside of any turn.</summary>
internal sealed class ScheduledAction(Action action) : IThreadPoolWorkItem
{
    public void Execute() => action();
}
