namespace Broker.Storage.Files;

/// <summary>Walks the batches of a segment from header to header; what follows a header is read only when it is asked for.</summary>
internal sealed class BatchWalker(IStorageFile file, SegmentPlace place, long position, long limit, int chunk)
    : RecordWalker(file, BatchHeader.Magic, position, limit, chunk)
{
    /// <summary>Bytes looked at together when records are verified.</summary>
    private const int VerifyChunk = 64 << 10;

    /// <summary>Header of the batch that was found.</summary>
    public BatchHeader Header { get; private set; }

    /// <summary>Due times of the batch that was found.</summary>
    public long[]? DueTimes() => Header.IsDeferred ? BatchHeader.DueTimes(Peek(Position, Header.HeaderSize)) : null;

    /// <summary>Reads the records of the batch that was found; null when they are damaged.</summary>
    public byte[]? ReadRecords()
    {
        byte[] records = GC.AllocateUninitializedArray<byte>(Header.RecordBytes);
        bool isWhole = TryFill(records, Position + Header.HeaderSize);
        return isWhole && Checksum.Add(0, records) == Header.RecordsChecksum ? records : null;
    }

    /// <summary>Whether the records of the batch that was found are as they were written.</summary>
    public bool AreRecordsIntact()
    {
        uint checksum = 0;
        long next = Position + Header.HeaderSize;
        for (int left = Header.RecordBytes; left > 0;)
        {
            ReadOnlySpan<byte> bytes = Peek(next, Math.Min(left, VerifyChunk));
            if (bytes.IsEmpty)
                return false;
            checksum = Checksum.Add(checksum, bytes);
            next += bytes.Length;
            left -= bytes.Length;
        }
        return checksum == Header.RecordsChecksum;
    }

    /// <inheritdoc/>
    protected override long SizeAt(long position, long most)
    {
        if (!BatchHeader.TryReadFixed(Peek(position, BatchHeader.FixedSize), out BatchHeader header)
            || header.Size > most
            || header.BaseOffset < place.BaseOffset)
        {
            return 0;
        }
        ReadOnlySpan<byte> whole = Peek(position, header.HeaderSize);
        if (whole.Length < header.HeaderSize || !BatchHeader.IsIntact(whole, place.At(position)))
            return 0;
        Header = header;
        return header.Size;
    }
}
