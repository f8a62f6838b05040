namespace Broker.Orleans.Embedded;

/// <summary>Runs turns on the thread pool: the only place of the engine that knows of threads.</summary>
public sealed class ThreadPoolTurnScheduler : ITurnScheduler
{
    /// <inheritdoc/>
    // Not to the local queue of the thread, which is last in, first out: a busy grain would starve the others.
    public void Schedule(IThreadPoolWorkItem work) => ThreadPool.UnsafeQueueUserWorkItem(work, preferLocal: false);
}
