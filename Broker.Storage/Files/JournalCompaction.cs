namespace Broker.Storage.Files;

/// <summary>Replaces a channel's journal by a snapshot of what it amounts to, when it has grown to several times that.</summary>
/// <remarks>Begun on the writer thread, one at a time; the snapshot is written beside the journal while that goes on.</remarks>
internal sealed class JournalCompaction(StoreServices services, TopicFolder folder, JournalFile journal, JournalSync sync, string channel)
{
    private volatile bool _isRunning;

    /// <summary>Completes when none is under way; none begins any more once the writer has ended.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Begins one if it is worth it.</summary>
    public void StartIfGrown()
    {
        if (_isRunning || journal.Grown is not { } grown)
            return;
        _isRunning = true;
        Ended = RunAsync(grown.File, journal.Incarnation, grown.Length);
    }

    private async Task RunAsync(IStorageFile file, long incarnation, long limit)
    {
        JournalSnapshot? snapshot = null;
        bool isSwitched = false;
        try
        {
            snapshot = await services.Threads.RunAsync(
                () => JournalSnapshot.Of(file, incarnation, limit, services.Files, journal.TemporaryPath));
            await services.Writer.RunAsync(() => isSwitched = SwitchTo(snapshot, file, limit));
        }
        catch (Exception e) when (Fault.IsOfFiles(e) || e is ObjectDisposedException)
        {
            // The journal goes on as it is; the next change tries again. A deleted channel has nothing to compact.
            if (e is not ObjectDisposedException)
                services.Fail($"cannot compact the progress of {channel}", e);
        }
        finally
        {
            snapshot?.Dispose();
            if (!isSwitched)
                await DiscardAsync();
            _isRunning = false;
        }
    }

    /// <summary>Puts the snapshot in the journal's place, unless a sync is under way, which must not lose what it is for: then the next change compacts.</summary>
    private bool SwitchTo(JournalSnapshot snapshot, IStorageFile file, long limit)
    {
        if (folder.IsDeleted || !sync.TryBetween(() => journal.TryReplace(snapshot, file, limit)))
            return false;
        services.Syncer.SyncLater(sync);
        return true;
    }

    private async Task DiscardAsync()
    {
        try
        {
            await services.Threads.RunAsync(() =>
            {
                services.Files.Delete(journal.TemporaryPath);
                return true;
            });
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            // Gone with its channel, or the disk fails, which was said; the next one is written over it.
        }
    }
}
