using System.Runtime.InteropServices;

namespace Broker.Storage.Files;

/// <summary>A file system of Linux that is synced as a whole.</summary>
internal sealed partial class DiskVolume : IStorageVolume
{
    // Since 5.8 syncfs tells what could not be written since the descriptor was opened.
    private static readonly Version FirstThatTells = new(5, 8);

    // Others hand data on to somebody whom syncfs does not reach, or do not tell of failures.
    private static readonly string[] Kinds = ["ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs"];

    private readonly string _path;
    private readonly int _descriptor;

    private DiskVolume(string path, int descriptor)
    {
        _path = path;
        _descriptor = descriptor;
    }

    // An fsync takes a quarter of a millisecond or more, and one of the whole a few milliseconds if nobody else writes much.
    public int ManyFiles => 64;

    /// <summary>The file system below a directory; null where it cannot be synced as a whole for certain.</summary>
    public static DiskVolume? Open(string path)
    {
        if (!OperatingSystem.IsLinux() || Environment.OSVersion.Version < FirstThatTells || !Kinds.Contains(new DriveInfo(path).DriveFormat))
            return null;
        int descriptor = OpenDescriptor(path, flags: 0);
        return descriptor < 0 ? null : new DiskVolume(path, descriptor);
    }

    public void Sync()
    {
        if (SyncFileSystem(_descriptor) < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            throw new IOException($"{Marshal.GetPInvokeErrorMessage(error)} : '{_path}'", error);
        }
    }

    public void Dispose() => _ = CloseDescriptor(_descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDescriptor(string path, int flags);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);
}
