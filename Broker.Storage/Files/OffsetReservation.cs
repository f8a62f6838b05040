using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// Up to where a topic's offsets were reserved, durably, so that after any end none is used twice. Two places in a file are written in
/// turn; the valid one with the higher count is the last.
/// </summary>
/// <remarks>The lock is held during the write: <see cref="Ensure"/>, while the log is written, takes it only when offsets have run out.</remarks>
internal sealed class OffsetReservation(IStorageFiles files, string path) : IDisposable
{
    /// <summary>Offsets reserved at once: what an unclean end skips at most. Of 2^44 offsets there are enough for 16 million such ends.</summary>
    public const long Block = 1 << 20;

    private const uint Magic = 0xC3_5A_77_1F;
    private const int Version = 1;
    private const int PlaceSize = 48;

    /// <summary>The two places are in different pages, so that one survives a torn write of the other.</summary>
    private const int PlaceDistance = 4096;

    private readonly Lock _lock = new();
    private IStorageFile? _file;
    private long _count;
    private bool _isNamed;

    /// <summary>First offset that is not reserved.</summary>
    public long Reserved { get; private set; }

    /// <summary>Where the log ended when it was closed; null while it is in use or after an unclean end.</summary>
    public long? CleanEnd { get; private set; }

    /// <summary>Whether a place in the file cannot be read, so that more may have been reserved than <see cref="Reserved"/> says.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Reads what was reserved before.</summary>
    public void Open()
    {
        if (!files.FileExists(path))
            return;
        _file = files.Open(path);
        byte[] bytes = new byte[PlaceDistance + PlaceSize];
        int length = _file.Read(bytes, 0);
        bool found = false;
        // The first place to be written is the second one; until then the other is a hole.
        for (int start = 0; start <= PlaceDistance; start += PlaceDistance)
        {
            ReadOnlySpan<byte> place = bytes.AsSpan(start, PlaceSize);
            if (start + PlaceSize > length
                || BinaryPrimitives.ReadUInt32LittleEndian(place) != Magic
                || BinaryPrimitives.ReadUInt32LittleEndian(place[44..]) != Checksum.Add(0, place[..44]))
            {
                IsDamaged |= place.ContainsAnyExcept((byte)0);
                continue;
            }
            int version = BinaryPrimitives.ReadInt32LittleEndian(place[4..]);
            if (version > Version)
                throw Fault.Newer(path, version, Version);
            long count = BinaryPrimitives.ReadInt64LittleEndian(place[8..]);
            if (found && count <= _count)
                continue;
            found = true;
            _count = count;
            Reserved = BinaryPrimitives.ReadInt64LittleEndian(place[16..]);
            long cleanEnd = BinaryPrimitives.ReadInt64LittleEndian(place[24..]);
            CleanEnd = cleanEnd < 0 ? null : cleanEnd;
        }
        // A process that was killed may have made the file and not come to sync its name.
        _isNamed = CleanEnd is not null;
    }

    /// <summary>Whether all offsets below one are reserved, so that <see cref="Ensure"/> writes nothing.</summary>
    public bool Covers(long end) => CleanEnd is null && end <= Reserved;

    /// <summary>Sees to it that all offsets below one are reserved, on the device when it returns.</summary>
    /// <returns>Whether a further block should be reserved soon, so that nobody has to wait for it.</returns>
    public bool Ensure(long end)
    {
        if (Covers(end))
            return Reserved - end < Block / 2;
        lock (_lock)
            Write(Math.Max(Reserved, end + Block), cleanEnd: null);
        return false;
    }

    /// <summary>Reserves a further block; not when it was closed meanwhile, which would no longer count as clean.</summary>
    public void Extend()
    {
        lock (_lock)
        {
            if (CleanEnd is null)
                Write(Reserved + Block, cleanEnd: null);
        }
    }

    /// <summary>Notes that the log ends here and all of it is on the device.</summary>
    /// <param name="end">One past the last offset.</param>
    /// <param name="sync">Whether the note itself is on the device when this returns; it may be lost, and never says what does not hold.</param>
    public void Close(long end, bool sync = true)
    {
        lock (_lock)
            Write(Math.Max(Reserved, end), end, sync);
    }

    public void Dispose() => _file?.Dispose();

    private void Write(long reserved, long? cleanEnd, bool sync = true)
    {
        _file ??= files.Create(path);
        byte[] place = new byte[PlaceSize];
        long count = _count + 1;
        BinaryPrimitives.WriteUInt32LittleEndian(place, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(place.AsSpan(4), Version);
        BinaryPrimitives.WriteInt64LittleEndian(place.AsSpan(8), count);
        BinaryPrimitives.WriteInt64LittleEndian(place.AsSpan(16), reserved);
        BinaryPrimitives.WriteInt64LittleEndian(place.AsSpan(24), cleanEnd ?? -1);
        BinaryPrimitives.WriteUInt32LittleEndian(place.AsSpan(44), Checksum.Add(0, place.AsSpan(0, 44)));
        _file.Write([place], count % 2 * PlaceDistance);
        if (sync)
            _file.Sync();
        if (!_isNamed)
            files.SyncDirectory(Path.GetDirectoryName(path)!);
        _isNamed = true;
        _count = count;
        Reserved = reserved;
        CleanEnd = cleanEnd;
        IsDamaged = false;
    }
}
