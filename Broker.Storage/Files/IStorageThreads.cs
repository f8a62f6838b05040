namespace Broker.Storage.Files;

/// <summary>Where the store's blocking work runs: threads, or the scheduler of a simulation.</summary>
public interface IStorageThreads
{
    /// <summary>Starts a thread.</summary>
    /// <param name="name">Name to see in a debugger.</param>
    /// <param name="work">What it does when woken; never called twice at once.</param>
    IStorageThread Start(string name, Action work);

    /// <summary>Whether a caller may do a thread's work itself now, when the thread has none.</summary>
    bool MayLend { get; }

    /// <summary>Runs a function that may block, off the caller's thread.</summary>
    Task<T> RunAsync<T>(Func<T> function);
}
