namespace Broker.Storage.Files;

/// <summary>The file system below a directory, as far as it can be synced as a whole.</summary>
public interface IStorageVolume : IDisposable
{
    /// <summary>From how many files on one sync of the whole is better than one of each.</summary>
    int ManyFiles { get; }

    /// <summary>
    /// Returns when all that was written, named, renamed and removed before is on the device. Whoever else writes to the same file system has its
    /// data synced with it.
    /// </summary>
    /// <exception cref="IOException">
    /// Something that was written since this was opened is not on the device. Which it is, a sync of each file says (<see cref="IStorageFile.Sync"/>).
    /// </exception>
    void Sync();
}
