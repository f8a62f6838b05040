namespace Broker.Bench.Sockets;

/// <summary>What was received and not yet read, in one piece, so that frames are read where they lie.</summary>
public sealed class ReceiveBuffer(int capacity)
{
    private byte[] _bytes = GC.AllocateUninitializedArray<byte>(capacity);
    private int _start;
    private int _end;

    /// <summary>What can be read.</summary>
    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Where the next bytes go; never empty.</summary>
    /// <param name="required">Bytes that must fit in one piece from the first unread one on.</param>
    public Span<byte> Free(int required)
    {
        int unread = _end - _start;
        if (_start > 0)
        {
            // What is left is a part of one frame, so moving it costs little.
            _bytes.AsSpan(_start, unread).CopyTo(_bytes);
            _start = 0;
            _end = unread;
        }
        if (required > _bytes.Length || unread == _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(required, 2 * _bytes.Length));
        return _bytes.AsSpan(_end);
    }

    /// <summary>Says that bytes were put where <see cref="Free"/> pointed.</summary>
    public void Commit(int count) => _end += count;

    /// <summary>Says how much is still unread, after reading.</summary>
    public void KeepLast(int count) => _start = _end - count;
}
