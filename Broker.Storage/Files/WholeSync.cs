namespace Broker.Storage.Files;

/// <summary>
/// Syncs the file system of a data path as a whole, as long as that has never failed: a failure is told once, and not of which file. From then on each
/// file is synced by itself, and tells what became of it.
/// </summary>
internal sealed class WholeSync(IStorageVolume? volume) : IDisposable
{
    private volatile bool _hasFailed;

    /// <summary>Whether this is the way to sync so many files.</summary>
    public bool IsFor(int files) => volume is not null && !_hasFailed && files >= volume.ManyFiles;

    /// <summary>Returns when all that was written before is on the device.</summary>
    /// <exception cref="IOException">It is not.</exception>
    public void Run()
    {
        try
        {
            volume!.Sync();
        }
        catch
        {
            _hasFailed = true;
            throw;
        }
    }

    public void Dispose() => volume?.Dispose();
}
