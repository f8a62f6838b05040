using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Broker.Storage.Files;

/// <summary>The real file system. Keeps a bounded number of handles open, whatever the number of files in use.</summary>
/// <param name="maxOpenHandles">How many; what exceeds it is closed, least recently used first. The default is far below the usual limit of 1,024 a process.</param>
public sealed partial class DiskFiles(int maxOpenHandles = 192) : IStorageFiles
{
    private readonly Lock _lock = new();
    private readonly List<DiskFile> _open = new(maxOpenHandles);
    private long _uses;

    /// <inheritdoc/>
    public IStorageFile Open(string path)
    {
        DiskFile file = new(this, path);
        OpenHandle(file, FileMode.Open);
        return file;
    }

    /// <inheritdoc/>
    public IStorageFile Create(string path)
    {
        DiskFile file = new(this, path);
        OpenHandle(file, FileMode.Create);
        // By its path: another thread may need the handle's place already, and close it.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return file;
    }

    /// <inheritdoc/>
    public bool FileExists(string path) => File.Exists(path);

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => Directory.Exists(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> Files(string directory) => Names(Directory.EnumerateFiles(directory));

    /// <inheritdoc/>
    public IReadOnlyList<string> Directories(string directory) => Names(Directory.EnumerateDirectories(directory));

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Directory.CreateDirectory(path);

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        if (Directory.Exists(from))
            Directory.Move(from, to);
        else
            File.Move(from, to, overwrite: true);
    }

    /// <inheritdoc/>
    public void Delete(string path) => File.Delete(path);

    /// <inheritdoc/>
    public void DeleteDirectory(string path) => Directory.Delete(path, recursive: true);

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        // Windows has neither the call nor the need: its file systems journal their names.
        if (OperatingSystem.IsWindows())
            return;
        int descriptor = OpenDescriptor(path, flags: 0);
        if (descriptor < 0)
            throw LastError(path);
        try
        {
            if (SyncDescriptor(descriptor) < 0)
                throw LastError(path);
        }
        finally
        {
            _ = CloseDescriptor(descriptor);
        }
    }

    /// <inheritdoc/>
    public IStorageVolume? OpenVolume(string path) => DiskVolume.Open(path);

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    private static string[] Names(IEnumerable<string> paths)
    {
        string[] names = [.. paths.Select(path => Path.GetFileName(path))];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    private static IOException LastError(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{path}'", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDescriptor(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);

    private SafeFileHandle OpenHandle(DiskFile file, FileMode mode)
    {
        lock (_lock)
        {
            if (file.Handle is { IsClosed: false } handle)
                return handle;
            ObjectDisposedException.ThrowIf(file.IsDisposed, file);
            if (_open.Count >= maxOpenHandles)
                CloseLeastRecentlyUsed();
            handle = File.OpenHandle(file.Path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            file.Handle = handle;
            // What was just opened is not the least recently used.
            file.LastUse = Interlocked.Increment(ref _uses);
            _open.Add(file);
            return handle;
        }
    }

    private void CloseLeastRecentlyUsed()
    {
        int oldest = 0;
        for (int i = 1; i < _open.Count; i++)
        {
            if (_open[i].LastUse < _open[oldest].LastUse)
                oldest = i;
        }
        CloseAt(oldest);
    }

    private void CloseAt(int index)
    {
        // A call that is under way with the handle holds a reference to it, so it is closed after that call.
        _open[index].Handle?.Dispose();
        _open[index].Handle = null;
        _open[index] = _open[^1];
        _open.RemoveAt(_open.Count - 1);
    }

    private void Close(DiskFile file)
    {
        lock (_lock)
        {
            int index = _open.IndexOf(file);
            if (index >= 0)
                CloseAt(index);
        }
    }

    private sealed class DiskFile(DiskFiles files, string path) : IStorageFile
    {
        public string Path => path;

        public volatile SafeFileHandle? Handle;

        public long LastUse;

        public volatile bool IsDisposed;

        public long Length
        {
            get
            {
                while (true)
                {
                    SafeFileHandle handle = Use();
                    try
                    {
                        return RandomAccess.GetLength(handle);
                    }
                    catch (ObjectDisposedException) when (!IsDisposed)
                    {
                        // Closed in between because others needed handles; it is opened again.
                    }
                }
            }
        }

        public int Read(Span<byte> buffer, long position)
        {
            int done = 0;
            while (done < buffer.Length)
            {
                SafeFileHandle handle = Use();
                try
                {
                    int read = RandomAccess.Read(handle, buffer[done..], position + done);
                    if (read == 0)
                        break;
                    done += read;
                }
                catch (ObjectDisposedException) when (!IsDisposed)
                {
                    // Closed in between because others needed handles; it is opened again.
                }
            }
            return done;
        }

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position)
        {
            while (true)
            {
                SafeFileHandle handle = Use();
                try
                {
                    RandomAccess.Write(handle, buffers, position);
                    return;
                }
                catch (ObjectDisposedException) when (!IsDisposed)
                {
                    // Closed in between because others needed handles; it is opened again.
                }
            }
        }

        public void Truncate(long length)
        {
            while (true)
            {
                SafeFileHandle handle = Use();
                try
                {
                    RandomAccess.SetLength(handle, length);
                    return;
                }
                catch (ObjectDisposedException) when (!IsDisposed)
                {
                    // Closed in between because others needed handles; it is opened again.
                }
            }
        }

        public void Sync()
        {
            while (true)
            {
                SafeFileHandle handle = Use();
                try
                {
                    RandomAccess.FlushToDisk(handle);
                    return;
                }
                catch (ObjectDisposedException) when (!IsDisposed)
                {
                    // Closed in between because others needed handles; it is opened again.
                }
            }
        }

        public void Dispose()
        {
            IsDisposed = true;
            files.Close(this);
        }

        private SafeFileHandle Use()
        {
            LastUse = Interlocked.Increment(ref files._uses);
            return Handle is { IsClosed: false } handle ? handle : files.OpenHandle(this, FileMode.Open);
        }
    }
}
