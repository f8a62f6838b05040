namespace Broker.Storage.Files;

/// <summary>The file system as the store sees it: real, or simulated with crashes and failures. Every member may block.</summary>
/// <remarks>All members throw <see cref="IOException"/> when the operating system refuses.</remarks>
public interface IStorageFiles
{
    /// <summary>Opens an existing file for reading and writing.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    IStorageFile Open(string path);

    /// <summary>Makes a file, or empties the one that is there, and opens it.</summary>
    IStorageFile Create(string path);

    /// <summary>Whether there is a file of this path.</summary>
    bool FileExists(string path);

    /// <summary>Whether there is a directory of this path.</summary>
    bool DirectoryExists(string path);

    /// <summary>Names of the files in a directory, in ordinal order.</summary>
    IReadOnlyList<string> Files(string directory);

    /// <summary>Names of the directories in a directory, in ordinal order.</summary>
    IReadOnlyList<string> Directories(string directory);

    /// <summary>Makes a directory; nothing happens when it is there.</summary>
    void CreateDirectory(string path);

    /// <summary>Renames a file or a directory; a file of the new name is replaced atomically.</summary>
    void Rename(string from, string to);

    /// <summary>Removes a file; nothing happens when there is none.</summary>
    void Delete(string path);

    /// <summary>Removes a directory with all that is in it.</summary>
    void DeleteDirectory(string path);

    /// <summary>Returns when the names made, renamed and removed in a directory are on the device.</summary>
    void SyncDirectory(string path);

    /// <summary>The file system below a directory; null when it cannot be synced as a whole, or does not tell for certain what that came to.</summary>
    IStorageVolume? OpenVolume(string path);

    /// <summary>Takes a lock that ends with this process at the latest; null when another holds it.</summary>
    IDisposable? TryLock(string path);
}
