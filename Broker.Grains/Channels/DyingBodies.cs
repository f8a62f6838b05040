using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>Reads the records of messages that a channel gave up; neighbours come in one read.</summary>
/// <param name="open">The channel.</param>
internal sealed class DyingBodies(OpenChannel open)
{
    private const int ReadOffsets = 256;
    private const int ReadBytes = 128 << 10;

    private LogRead _read = new([], 0);
    private long _from;

    /// <summary>The record of a message; null when it is not there any more.</summary>
    /// <exception cref="StoreException">It cannot be read now.</exception>
    public async Task<byte[]?> ReadAsync(long offset)
    {
        if (open.Queue.IsKept(offset))
            return (await open.Progress!.ReadKeptAsync(offset))?.Records;
        if (offset < _from || offset >= _read.End)
        {
            _read = await open.Reader!.ReadAsync(offset, offset + ReadOffsets, ReadBytes);
            _from = offset;
        }

        return _read.Batches.FirstOrDefault(batch => batch.BaseOffset <= offset && offset < batch.EndOffset) is { } found
            ? found.Single(found.PositionOf((int)(offset - found.BaseOffset)), offset).Records
            : null;
    }
}
