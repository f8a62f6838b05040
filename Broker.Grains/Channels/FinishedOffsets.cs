using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>
/// Which offsets of a channel are finished: everything below the floor, and a bit for each offset above it. A stretch of
/// finished offsets costs a reference for every 4096 of them, so one message that holds the floor for long is cheap.
/// </summary>
public sealed class FinishedOffsets
{
    private const int ChunkBits = 12;
    private const int ChunkSize = 1 << ChunkBits;
    private const int WordsPerChunk = ChunkSize / 64;
    private static readonly ulong[] Full = CreateFull();

    private readonly List<ulong[]?> _chunks = [];
    private readonly List<int> _counts = [];
    private long _firstChunk;
    private int _head;

    /// <summary>Makes one with nothing finished from <paramref name="floor"/> on.</summary>
    public FinishedOffsets(long floor) => Reset(floor);

    /// <summary>All offsets below are finished; this one is not.</summary>
    public long Floor { get; private set; }

    /// <summary>Forgets everything: all below <paramref name="floor"/> is finished, nothing from there on.</summary>
    public void Reset(long floor)
    {
        _chunks.Clear();
        _counts.Clear();
        _head = 0;
        Floor = floor;
        _firstChunk = floor >> ChunkBits;
    }

    /// <summary>Whether an offset is finished.</summary>
    public bool Contains(long offset)
    {
        if (offset < Floor)
            return true;
        long index = (offset >> ChunkBits) - _firstChunk + _head;
        if (index >= _chunks.Count || _chunks[(int)index] is not { } chunk)
            return false;
        int bit = (int)(offset & (ChunkSize - 1));
        return (chunk[bit >> 6] & (1UL << (bit & 63))) != 0;
    }

    /// <summary>Marks an offset as finished.</summary>
    public void Add(long offset)
    {
        if (offset == Floor)
        {
            Floor++;
            Advance();
            return;
        }

        if (offset > Floor)
            Set(offset);
    }

    /// <summary>Marks the offsets from <paramref name="start"/> (inclusive) to <paramref name="end"/> (exclusive) as finished.</summary>
    public void AddRange(long start, long end)
    {
        if (end <= Floor)
            return;
        if (start <= Floor)
        {
            Floor = end;
            Advance();
            return;
        }

        for (long offset = start; offset < end;)
        {
            long chunkEnd = ((offset >> ChunkBits) + 1) << ChunkBits;
            if ((offset & (ChunkSize - 1)) == 0 && end >= chunkEnd)
            {
                int index = IndexOf(offset);
                _chunks[index] = Full;
                _counts[index] = ChunkSize;
                offset = chunkEnd;
                continue;
            }

            for (long stop = Math.Min(end, chunkEnd); offset < stop; offset++)
                Set(offset);
        }
    }

    /// <summary>The first offset from <paramref name="from"/> on that is not finished.</summary>
    public long NextUnfinished(long from)
    {
        long offset = Math.Max(from, Floor);
        while (true)
        {
            long index = (offset >> ChunkBits) - _firstChunk + _head;
            if (index >= _chunks.Count || _chunks[(int)index] is not { } chunk)
                return offset;
            if (ReferenceEquals(chunk, Full))
            {
                offset = ((offset >> ChunkBits) + 1) << ChunkBits;
                continue;
            }

            int bit = (int)(offset & (ChunkSize - 1));
            for (int word = bit >> 6; word < WordsPerChunk; word++)
            {
                ulong open = ~chunk[word];
                if (word == bit >> 6)
                    open &= ulong.MaxValue << (bit & 63);
                if (open != 0)
                    return (offset & ~(long)(ChunkSize - 1)) + word * 64 + System.Numerics.BitOperations.TrailingZeroCount(open);
            }

            offset = ((offset >> ChunkBits) + 1) << ChunkBits;
        }
    }

    /// <summary>The first finished offset from <paramref name="from"/> on, or <paramref name="limit"/> when there is none below it.</summary>
    public long NextFinished(long from, long limit)
    {
        if (from < Floor)
            return from;
        long offset = from;
        while (offset < limit)
        {
            long index = (offset >> ChunkBits) - _firstChunk + _head;
            if (index >= _chunks.Count)
                return limit;
            if (_chunks[(int)index] is not { } chunk)
            {
                offset = ((offset >> ChunkBits) + 1) << ChunkBits;
                continue;
            }

            int bit = (int)(offset & (ChunkSize - 1));
            for (int word = bit >> 6; word < WordsPerChunk; word++)
            {
                ulong set = chunk[word];
                if (word == bit >> 6)
                    set &= ulong.MaxValue << (bit & 63);
                if (set != 0)
                    return Math.Min(limit, (offset & ~(long)(ChunkSize - 1)) + word * 64 + System.Numerics.BitOperations.TrailingZeroCount(set));
            }

            offset = ((offset >> ChunkBits) + 1) << ChunkBits;
        }

        return limit;
    }

    /// <summary>The stretches from <paramref name="from"/> to <paramref name="to"/> (exclusive) that are not finished, in order.</summary>
    public IEnumerable<OffsetRange> Unfinished(long from, long to)
    {
        for (long start = NextUnfinished(from); start < to;)
        {
            long end = NextFinished(start, to);
            yield return new OffsetRange(start, end);
            start = NextUnfinished(end);
        }
    }

    private static ulong[] CreateFull()
    {
        ulong[] full = new ulong[WordsPerChunk];
        Array.Fill(full, ulong.MaxValue);
        return full;
    }

    private int IndexOf(long offset)
    {
        int index = (int)((offset >> ChunkBits) - _firstChunk) + _head;
        while (index >= _chunks.Count)
        {
            _chunks.Add(null);
            _counts.Add(0);
        }

        return index;
    }

    private void Set(long offset)
    {
        int index = IndexOf(offset);
        ulong[] chunk = _chunks[index] ??= new ulong[WordsPerChunk];
        int bit = (int)(offset & (ChunkSize - 1));
        ulong mask = 1UL << (bit & 63);
        if ((chunk[bit >> 6] & mask) != 0)
            return;
        chunk[bit >> 6] |= mask;
        if (++_counts[index] == ChunkSize)
            _chunks[index] = Full;
    }

    // Moves the floor over what is already finished and lets go of chunks that lie below it.
    private void Advance()
    {
        Floor = NextUnfinished(Floor);
        long chunk = Floor >> ChunkBits;
        while (_firstChunk < chunk)
        {
            if (_head < _chunks.Count)
                _chunks[_head++] = null;
            else
                _head = 0;
            _firstChunk++;
            if (_head == _chunks.Count)
            {
                _chunks.Clear();
                _counts.Clear();
                _head = 0;
                _firstChunk = chunk;
            }
        }

        if (_head > 64 && _head * 2 > _chunks.Count)
        {
            _chunks.RemoveRange(0, _head);
            _counts.RemoveRange(0, _head);
            _head = 0;
        }
    }
}
