namespace Broker.Storage.Files;

/// <summary>
/// Gathers what one write call brings to a file: headers and small batches are copied together, which costs less than a buffer of their
/// own; large batches are written from where they are. Owned by the writer thread.
/// </summary>
internal sealed class WriteBuffer
{
    private const int Capacity = 1 << 20;

    /// <summary>Records up to this size are copied.</summary>
    private const int CopyLimit = 8 << 10;

    /// <summary>Bytes in one write at most, so that what waits behind it is not kept for long.</summary>
    private const long MaxBytes = 8 << 20;

    private readonly byte[] _scratch = GC.AllocateUninitializedArray<byte>(Capacity, pinned: true);
    private readonly List<ReadOnlyMemory<byte>> _buffers = [];
    private int _used;
    private int _sliced;
    private long _bytes;

    /// <summary>Whether nothing was added yet.</summary>
    public bool IsEmpty => _bytes == 0;

    /// <summary>What is to be written.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Buffers
    {
        get
        {
            Slice();
            return _buffers;
        }
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _buffers.Clear();
        _used = 0;
        _sliced = 0;
        _bytes = 0;
    }

    /// <summary>Adds a batch; false when it does not fit and others must be written first.</summary>
    public bool TryAdd(in BatchHeader header, ReadOnlySpan<long> dueTimes, byte[] records, uint place)
    {
        if (!IsEmpty && _bytes + header.Size > MaxBytes)
            return false;
        int headerSize = header.HeaderSize;
        int copied = headerSize + (records.Length <= CopyLimit ? records.Length : 0);
        if (copied > Capacity - _used)
        {
            if (!IsEmpty)
                return false;
            // Only the due times of a hundred thousand messages in one batch come here.
            byte[] large = GC.AllocateUninitializedArray<byte>(headerSize);
            header.Write(large, dueTimes, place);
            _buffers.Add(large);
            _buffers.Add(records);
        }
        else
        {
            header.Write(_scratch.AsSpan(_used), dueTimes, place);
            _used += headerSize;
            if (records.Length <= CopyLimit)
            {
                records.CopyTo(_scratch, _used);
                _used += records.Length;
            }
            else
            {
                Slice();
                _buffers.Add(records);
            }
        }
        _bytes += header.Size;
        return true;
    }

    private void Slice()
    {
        if (_used > _sliced)
            _buffers.Add(_scratch.AsMemory(_sliced, _used - _sliced));
        _sliced = _used;
    }
}
