using Broker.Policies;

namespace Broker.Storage.Files;

/// <summary>What the topics and channels of one store share.</summary>
internal sealed class StoreServices
{
    public required StorageOptions Options { get; init; }

    public required IStorageFiles Files { get; init; }

    public required IStorageThreads Threads { get; init; }

    public required LogWriter Writer { get; init; }

    public required Syncer Syncer { get; init; }

    /// <summary>Syncs many files at once.</summary>
    public required WholeSync Whole { get; init; }

    public required StoreFile Store { get; init; }

    public required DataPath Path { get; init; }

    public required StorageLog Log { get; init; }

    public WriteHealth Health { get; } = new();

    public FileAppends Appends { get; } = new();

    /// <summary>Told what is measured; null when nothing is.</summary>
    public StorageMetrics? Metrics { get; init; }

    /// <summary>Used by whoever writes for the log writer.</summary>
    public WriteBuffer Buffer { get; } = new();

    /// <summary>Whether a publish is acknowledged only after fsync.</summary>
    public bool SyncsEachWrite => Options.SyncEvery == 1;

    /// <summary>Runs something that uses files off the caller's thread.</summary>
    /// <exception cref="StoreException">Files could not be used; it is noted.</exception>
    public Task RunAsync(string what, Action action) => Threads.RunAsync(() =>
    {
        Try(what, action);
        return true;
    });

    /// <summary>Runs something that uses files on the writer thread.</summary>
    /// <exception cref="StoreException">Files could not be used; it is noted.</exception>
    public Task RunOnWriterAsync(string what, Action action) => Writer.RunAsync(() => Try(what, action));

    /// <summary>Notes a failure for the operator and for the health report.</summary>
    public StoreException Fail(string what, Exception e)
    {
        StoreException failure = Fault.Of(what, e);
        Health.Fail(failure);
        Metrics?.Failed();
        Log.Failed(failure.Message);
        return failure;
    }

    private void Try(string what, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            throw Fail(what, e);
        }
    }
}
