namespace Broker.Storage.Files;

/// <summary>
/// A file that is read and written by position. The operating system's handle behind it may be closed while idle and opened again, so
/// one may exist for each of ten thousand channels. All members may be called from any thread and may block.
/// </summary>
/// <remarks>All members throw <see cref="IOException"/> when the operating system refuses.</remarks>
public interface IStorageFile : IDisposable
{
    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads until the buffer is full or the file ends; returns the bytes read.</summary>
    int Read(Span<byte> buffer, long position);

    /// <summary>Writes all buffers one after another, beginning at a position.</summary>
    void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position);

    /// <summary>Cuts the file to a length.</summary>
    void Truncate(long length);

    /// <summary>Returns when all that was written is on the device.</summary>
    void Sync();
}
