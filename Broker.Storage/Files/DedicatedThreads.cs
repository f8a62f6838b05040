namespace Broker.Storage.Files;

/// <summary>Real threads: a dedicated one for each <see cref="Start"/>, the thread pool for <see cref="RunAsync"/>.</summary>
public sealed class DedicatedThreads : IStorageThreads
{
    /// <inheritdoc/>
    public bool MayLend => true;

    /// <inheritdoc/>
    public IStorageThread Start(string name, Action work) => new DedicatedThread(name, work);

    /// <inheritdoc/>
    public Task<T> RunAsync<T>(Func<T> function) =>
        Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private sealed class DedicatedThread : IStorageThread
    {
        private readonly ManualResetEventSlim _woken = new(initialState: false, spinCount: 20);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Action _work;
        private volatile bool _stopping;

        public DedicatedThread(string name, Action work)
        {
            _work = work;
            Thread thread = new(Loop) { Name = name, IsBackground = true };
            thread.Start();
        }

        public void Wake() => _woken.Set();

        public ValueTask DisposeAsync()
        {
            _stopping = true;
            _woken.Set();
            return new ValueTask(_ended.Task);
        }

        private void Loop()
        {
            while (!_stopping)
            {
                _woken.Wait();
                _woken.Reset();
                _work();
            }
            // What was asked for before the end is still done.
            _work();
            _ended.SetResult();
        }
    }
}
