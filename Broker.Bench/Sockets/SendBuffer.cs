using System.Buffers;

namespace Broker.Bench.Sockets;

/// <summary>Commands that wait to be sent; grows to the most that ever waited, then allocates no more.</summary>
public sealed class SendBuffer(int capacity) : IBufferWriter<byte>
{
    private byte[] _bytes = new byte[capacity];
    private int _start;
    private int _end;

    /// <summary>What is to be sent.</summary>
    public ReadOnlySpan<byte> Unsent => _bytes.AsSpan(_start, _end - _start);

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => _start == _end;

    /// <summary>Forgets what was sent.</summary>
    public void Sent(int count)
    {
        _start += count;
        if (_start == _end)
            _start = _end = 0;
    }

    public void Advance(int count) => _end += count;

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(_end);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(_end);
    }

    private void MakeRoom(int size)
    {
        if (_bytes.Length - _end < size)
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _end + size));
    }
}
