using System.Numerics;

namespace Broker.Grains.Channels;

/// <summary>
/// A hash table from offsets to slot numbers, open addressing with linear probing and backward-shift deletion: no
/// allocation and no tombstones, since a channel adds and removes an entry for every message.
/// </summary>
public sealed class OffsetMap
{
    private const int MinCapacity = 16;
    private const long Empty = -1;

    private long[] _offsets = [];
    private int[] _slots = [];
    private int _mask = -1;
    private int _shift;

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the slot of an offset.</summary>
    public bool TryGet(long offset, out int slot)
    {
        if (Count > 0)
        {
            long[] offsets = _offsets;
            for (int i = Home(offset); offsets[i] != Empty; i = (i + 1) & _mask)
            {
                if (offsets[i] == offset)
                {
                    slot = _slots[i];
                    return true;
                }
            }
        }

        slot = -1;
        return false;
    }

    /// <summary>Adds an offset that is not in the map.</summary>
    public void Add(long offset, int slot)
    {
        if ((Count + 1) * 2 > _offsets.Length)
            Resize(Math.Max(MinCapacity, _offsets.Length * 2));
        Insert(offset, slot);
        Count++;
    }

    /// <summary>Removes an offset and returns its slot, or -1 when it is not in the map.</summary>
    public int Remove(long offset)
    {
        if (Count == 0)
            return -1;
        int i = Home(offset);
        while (_offsets[i] != offset)
        {
            if (_offsets[i] == Empty)
                return -1;
            i = (i + 1) & _mask;
        }

        int slot = _slots[i];
        int hole = i;
        for (int next = (hole + 1) & _mask; _offsets[next] != Empty; next = (next + 1) & _mask)
        {
            int distance = (next - Home(_offsets[next])) & _mask;
            if (distance < ((next - hole) & _mask))
                continue;
            _offsets[hole] = _offsets[next];
            _slots[hole] = _slots[next];
            hole = next;
        }

        _offsets[hole] = Empty;
        Count--;
        if (_offsets.Length > 1024 && Count * 16 < _offsets.Length)
            Resize(_offsets.Length / 4);
        return slot;
    }

    /// <summary>Removes everything and gives the memory back.</summary>
    public void Clear()
    {
        _offsets = [];
        _slots = [];
        _mask = -1;
        Count = 0;
    }

    // Fibonacci hashing: neighbouring offsets spread over the table instead of forming one long probe run.
    private int Home(long offset) => (int)(((ulong)offset * 0x9E3779B97F4A7C15UL) >> _shift);

    private void Insert(long offset, int slot)
    {
        int i = Home(offset);
        while (_offsets[i] != Empty)
            i = (i + 1) & _mask;
        _offsets[i] = offset;
        _slots[i] = slot;
    }

    private void Resize(int capacity)
    {
        long[] offsets = _offsets;
        int[] slots = _slots;
        _offsets = new long[capacity];
        Array.Fill(_offsets, Empty);
        _slots = new int[capacity];
        _mask = capacity - 1;
        _shift = 64 - BitOperations.Log2((uint)capacity);
        for (int i = 0; i < offsets.Length; i++)
        {
            if (offsets[i] != Empty)
                Insert(offsets[i], slots[i]);
        }
    }
}
