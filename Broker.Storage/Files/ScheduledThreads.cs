namespace Broker.Storage.Files;

/// <summary>Runs the store's work on a task scheduler, which for a simulation is single-threaded and decides the order.</summary>
/// <param name="scheduler">Where everything runs.</param>
/// <param name="mayLend">Whether a caller may do a thread's work itself, asked each time; null for never.</param>
public sealed class ScheduledThreads(TaskScheduler scheduler, Func<bool>? mayLend = null) : IStorageThreads
{
    /// <inheritdoc/>
    public bool MayLend => mayLend is not null && mayLend();

    /// <inheritdoc/>
    public IStorageThread Start(string name, Action work) => new ScheduledThread(this, work);

    /// <inheritdoc/>
    public Task<T> RunAsync<T>(Func<T> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);

    private sealed class ScheduledThread(ScheduledThreads threads, Action work) : IStorageThread
    {
        private readonly Lock _lock = new();
        private bool _scheduled;
        private bool _stopped;

        public void Wake()
        {
            lock (_lock)
            {
                if (_scheduled || _stopped)
                    return;
                _scheduled = true;
            }
            _ = threads.RunAsync(Run);
        }

        public async ValueTask DisposeAsync()
        {
            // What was woken before has its turn first, as on a real thread.
            await threads.RunAsync(Run);
            lock (_lock)
                _stopped = true;
        }

        private bool Run()
        {
            lock (_lock)
            {
                _scheduled = false;
                if (_stopped)
                    return false;
            }
            work();
            return true;
        }
    }
}
