using Microsoft.Win32.SafeHandles;

namespace Broker.Bench.Floor;

/// <summary>The file that all connections append to, each batch with one write.</summary>
internal sealed class FloorFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly long _limit;
    private long _end;

    public FloorFile(FloorOptions options)
    {
        _limit = options.FileLimit;
        string path = options.File ?? Path.Combine(Path.GetTempPath(), $"floor-{Guid.NewGuid():N}");
        _file = File.OpenHandle(
            path, FileMode.Create, FileAccess.Write, FileShare.Read,
            options.File is null ? FileOptions.DeleteOnClose : FileOptions.None);
    }

    public void Append(ReadOnlySpan<byte> batch)
    {
        long end = Interlocked.Add(ref _end, batch.Length);
        // Past the limit, positions wrap around; who crosses it also cuts the file, so that it is always grown again, as
        // a log is.
        long position = end - batch.Length;
        if (position / _limit != end / _limit)
            RandomAccess.SetLength(_file, 0);
        RandomAccess.Write(_file, batch, position % _limit);
    }

    public void Dispose() => _file.Dispose();
}
