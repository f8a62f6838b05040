using Broker.Storage.Files;

namespace Broker.Tests.Storage.Files;

/// <summary>Files with a hook before and after what happens to them.</summary>
internal sealed class HookedFiles(IStorageFiles files) : IStorageFiles
{
    public Action<string>? Opening { get; set; }

    public Action<string>? Writing { get; set; }

    public Action<string>? Written { get; set; }

    public Action<string>? Syncing { get; set; }

    public Action<string>? Synced { get; set; }

    /// <summary>Called instead of the sync of the whole file system, from so many files on.</summary>
    public (int ManyFiles, Action Sync)? Volume { get; set; }

    public Action<string>? SyncingDirectory { get; set; }

    public IStorageFile Open(string path)
    {
        Opening?.Invoke(path);
        return new HookedFile(this, path, files.Open(path));
    }

    public IStorageFile Create(string path) => new HookedFile(this, path, files.Create(path));

    public bool FileExists(string path) => files.FileExists(path);

    public bool DirectoryExists(string path) => files.DirectoryExists(path);

    public IReadOnlyList<string> Files(string directory) => files.Files(directory);

    public IReadOnlyList<string> Directories(string directory) => files.Directories(directory);

    public void CreateDirectory(string path) => files.CreateDirectory(path);

    public void Rename(string from, string to) => files.Rename(from, to);

    public void Delete(string path) => files.Delete(path);

    public void DeleteDirectory(string path) => files.DeleteDirectory(path);

    public void SyncDirectory(string path)
    {
        SyncingDirectory?.Invoke(path);
        files.SyncDirectory(path);
    }

    public IStorageVolume? OpenVolume(string path) => Volume is { } volume ? new HookedVolume(volume.ManyFiles, volume.Sync) : null;

    public IDisposable? TryLock(string path) => files.TryLock(path);

    private sealed class HookedVolume(int manyFiles, Action sync) : IStorageVolume
    {
        public int ManyFiles => manyFiles;

        public void Sync() => sync();

        public void Dispose()
        {
        }
    }

    private sealed class HookedFile(HookedFiles hooks, string path, IStorageFile file) : IStorageFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> buffer, long position) => file.Read(buffer, position);

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position)
        {
            hooks.Writing?.Invoke(path);
            file.Write(buffers, position);
            hooks.Written?.Invoke(path);
        }

        public void Truncate(long length) => file.Truncate(length);

        public void Sync()
        {
            hooks.Syncing?.Invoke(path);
            file.Sync();
            hooks.Synced?.Invoke(path);
        }

        public void Dispose() => file.Dispose();
    }
}
