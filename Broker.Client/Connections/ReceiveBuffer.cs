using Broker.Protocol.Client;

namespace Broker.Client;

/// <summary>
/// What a server sent, cut into frames where it was received. Messages are handed out as parts of the array that they came in, so no byte
/// is received into twice: a new array follows one that is full.
/// </summary>
internal sealed class ReceiveBuffer
{
    // As much as a fast server has ready at a time. Who keeps a body keeps so much in memory.
    private const int ChunkSize = 64 << 10;

    // Less room is not worth a system call.
    private const int LeastRoom = 4 << 10;

    private byte[] _chunk = [];
    private int _start;
    private int _end;

    private ReadOnlySpan<byte> Unread => _chunk.AsSpan(_start.._end);

    /// <summary>Where to receive next; never empty.</summary>
    /// <exception cref="MalformedFrameException">What came is no frame.</exception>
    public Memory<byte> GetRoom()
    {
        int begun = _end - _start;
        int needed = begun > 0 ? FrameReader.RequiredLength(Unread) : LeastRoom;
        if (_chunk.Length - _start < needed) Renew(begun, needed);
        return _chunk.AsMemory(_end);
    }

    /// <summary>So many bytes were received.</summary>
    public void Add(int count) => _end += count;

    /// <summary>Takes the first frame that is complete.</summary>
    /// <param name="frame">Readable until the next call of <see cref="GetRoom"/>; one of a message for as long as <paramref name="bytes"/> are kept.</param>
    /// <param name="bytes">The same, with the type before the data.</param>
    /// <exception cref="MalformedFrameException">What came is no frame.</exception>
    public bool TryTake(out Frame frame, out ArraySegment<byte> bytes)
    {
        ReadOnlySpan<byte> unread = Unread;
        if (!FrameReader.TryRead(ref unread, out frame))
        {
            bytes = default;
            return false;
        }
        int size = FrameReader.TypeSize + frame.Data.Length;
        bytes = new ArraySegment<byte>(_chunk, _start + sizeof(int), size);
        _start += sizeof(int) + size;
        return true;
    }

    // A frame is given room as it comes: that a server announces a gigabyte is no reason to have it ready.
    private void Renew(int begun, int needed)
    {
        byte[] chunk = GC.AllocateUninitializedArray<byte>(Math.Max(ChunkSize, Math.Min(needed, 2 * begun)));
        Unread.CopyTo(chunk);
        (_chunk, _start, _end) = (chunk, 0, begun);
    }
}
