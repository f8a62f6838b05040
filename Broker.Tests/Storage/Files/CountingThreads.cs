using Broker.Storage.Files;

namespace Broker.Tests.Storage.Files;

/// <summary>Real threads, and how much of what they were given they have not finished.</summary>
internal sealed class CountingThreads : IStorageThreads
{
    private readonly DedicatedThreads _threads = new();
    private int _unfinished;

    public int Unfinished => Volatile.Read(ref _unfinished);

    public bool MayLend => _threads.MayLend;

    public IStorageThread Start(string name, Action work) => _threads.Start(name, work);

    public async Task<T> RunAsync<T>(Func<T> function)
    {
        Interlocked.Increment(ref _unfinished);
        try
        {
            return await _threads.RunAsync(function);
        }
        finally
        {
            Interlocked.Decrement(ref _unfinished);
        }
    }
}
