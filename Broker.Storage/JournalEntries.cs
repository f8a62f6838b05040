using System.Buffers;
using Broker.Messages;

namespace Broker.Storage;

/// <summary>
/// The entries of one block as bytes: kind, offset as the difference to the one before, then what belongs to the kind; numbers as varints.
/// A typical finished range takes three bytes.
/// </summary>
internal sealed class JournalEntries
{
    /// <summary>Kind of an entry that holds a kept message: offset, due time, attempts, and the record up to the end of the block.</summary>
    private const byte Kept = 6;

    /// <summary>Kind of an entry that makes a kept message of a dead letter: offset, number and size of the letter, the record up to the end of the block.</summary>
    private const byte Revived = 10;

    private const int MaxEntrySize = 1 + 10 + 10 + 10;

    private byte[] _bytes = [];
    private ProgressEntry? _last;
    private long _offset;
    private long _due;

    /// <summary>Bytes so far, the entry that may still grow not included.</summary>
    public int Length { get; private set; }

    /// <summary>Whether nothing was added.</summary>
    public bool IsEmpty => Length == 0 && _last is null;

    /// <summary>Adds an entry, as a part of the one before where they join.</summary>
    public void Add(in ProgressEntry entry)
    {
        if (_last is { } last)
        {
            if (last.Kind == ProgressKind.Finished && entry.Kind == ProgressKind.Finished
                && entry.Offset <= last.Value && entry.Value >= last.Offset)
            {
                _last = last with { Offset = Math.Min(last.Offset, entry.Offset), Value = Math.Max(last.Value, entry.Value) };
                return;
            }
            if (last.Kind == ProgressKind.Floor && entry.Kind == ProgressKind.Floor)
            {
                _last = last with { Offset = Math.Max(last.Offset, entry.Offset) };
                return;
            }
            if (last.Kind == ProgressKind.DeadRemoved && entry.Kind == ProgressKind.DeadRemoved && last.Value == entry.Offset)
            {
                _last = last with { Value = entry.Value, Size = last.Size + entry.Size };
                return;
            }
            Encode(last);
        }
        _last = entry;
    }

    /// <summary>Gives the entries away and begins anew.</summary>
    public JournalPayload Take()
    {
        if (_last is { } last)
            Encode(last);
        _last = null;
        JournalPayload payload = new(_bytes, Length, KeptOffset: null);
        _bytes = [];
        Length = 0;
        _offset = 0;
        _due = 0;
        return payload;
    }

    /// <summary>A block of its own for a kept message.</summary>
    public static JournalPayload OfKept(long offset, ushort attempts, long due, ReadOnlySpan<byte> record)
    {
        byte[] bytes = new byte[MaxEntrySize + record.Length];
        bytes[0] = Kept;
        int length = 1;
        PutSigned(bytes, ref length, offset);
        PutSigned(bytes, ref length, due);
        Put(bytes, ref length, attempts);
        record.CopyTo(bytes.AsSpan(length));
        return new JournalPayload(bytes, length + record.Length, offset);
    }

    /// <summary>A block of its own for a message that was dead.</summary>
    public static JournalPayload OfRevived(long offset, long number, long size, ReadOnlySpan<byte> record)
    {
        byte[] bytes = new byte[MaxEntrySize + record.Length];
        bytes[0] = Revived;
        int length = 1;
        PutSigned(bytes, ref length, offset);
        Put(bytes, ref length, (ulong)number);
        Put(bytes, ref length, (ulong)size);
        record.CopyTo(bytes.AsSpan(length));
        return new JournalPayload(bytes, length + record.Length, offset);
    }

    /// <summary>Applies the entries of a block to a state; returns the offset of the kept message that it holds.</summary>
    public static long? Replay(ReadOnlySpan<byte> bytes, ProgressState state)
    {
        long offset = 0;
        long due = 0;
        while (!bytes.IsEmpty)
        {
            byte kind = bytes[0];
            bytes = bytes[1..];
            offset += TakeSigned(ref bytes);
            switch (kind)
            {
                case (byte)ProgressKind.Finished:
                    state.Apply(new ProgressEntry(ProgressKind.Finished, offset, offset + (long)Take(ref bytes)));
                    break;
                case (byte)ProgressKind.Floor:
                case (byte)ProgressKind.Emptied:
                    state.Apply(new ProgressEntry((ProgressKind)kind, offset));
                    break;
                case (byte)ProgressKind.Deferred:
                    due += TakeSigned(ref bytes);
                    state.Apply(new ProgressEntry(ProgressKind.Deferred, offset, due, (ushort)Take(ref bytes)));
                    break;
                case (byte)ProgressKind.Attempts:
                    state.Apply(new ProgressEntry(ProgressKind.Attempts, offset, 0, (ushort)Take(ref bytes)));
                    break;
                case (byte)ProgressKind.Died:
                    long number = (long)Take(ref bytes);
                    state.Apply(new ProgressEntry(ProgressKind.Died, offset, number, Size: (long)Take(ref bytes)));
                    break;
                case (byte)ProgressKind.DeadRemoved:
                    long end = offset + (long)Take(ref bytes);
                    state.Apply(new ProgressEntry(ProgressKind.DeadRemoved, offset, end, Size: (long)Take(ref bytes)));
                    break;
                case (byte)ProgressKind.DeadBefore:
                    state.Apply(new ProgressEntry(ProgressKind.DeadBefore, offset, (long)Take(ref bytes)));
                    break;
                case Kept:
                    due += TakeSigned(ref bytes);
                    state.Keep(offset, (ushort)Take(ref bytes), due);
                    return offset;
                case Revived:
                    long letter = (long)Take(ref bytes);
                    state.Revive(offset, letter, (long)Take(ref bytes));
                    return offset;
                default:
                    throw new StoreException($"a journal holds an entry of kind {kind}, which this version does not know");
            }
        }
        return null;
    }

    /// <summary>The kept message in a block.</summary>
    public static MessageBatch? ReadKept(ReadOnlySpan<byte> bytes, long offset)
    {
        if (bytes.IsEmpty || bytes[0] is not (Kept or Revived))
            return null;
        bytes = bytes[1..];
        if (TakeSigned(ref bytes) != offset)
            return null;
        // Of either kind two numbers stand before the record.
        Take(ref bytes);
        Take(ref bytes);
        return new MessageBatch { BaseOffset = offset, Count = 1, Records = bytes.ToArray() };
    }

    private void Encode(in ProgressEntry entry)
    {
        if (_bytes.Length - Length < MaxEntrySize)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(256, _bytes.Length * 2));
            _bytes.AsSpan(0, Length).CopyTo(larger);
            if (_bytes.Length > 0)
                ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }
        int length = Length;
        _bytes[length++] = (byte)entry.Kind;
        PutSigned(_bytes, ref length, entry.Offset - _offset);
        _offset = entry.Offset;
        switch (entry.Kind)
        {
            case ProgressKind.Finished:
                Put(_bytes, ref length, (ulong)Math.Max(0, entry.Value - entry.Offset));
                break;
            case ProgressKind.Deferred:
                PutSigned(_bytes, ref length, entry.Value - _due);
                _due = entry.Value;
                Put(_bytes, ref length, entry.Attempts);
                break;
            case ProgressKind.Attempts:
                Put(_bytes, ref length, entry.Attempts);
                break;
            case ProgressKind.Died:
                Put(_bytes, ref length, (ulong)entry.Value);
                Put(_bytes, ref length, (ulong)entry.Size);
                break;
            case ProgressKind.DeadRemoved:
                Put(_bytes, ref length, (ulong)Math.Max(0, entry.Value - entry.Offset));
                Put(_bytes, ref length, (ulong)entry.Size);
                break;
            case ProgressKind.DeadBefore:
                Put(_bytes, ref length, (ulong)entry.Value);
                break;
        }
        Length = length;
    }

    private static void PutSigned(byte[] bytes, ref int length, long number) =>
        Put(bytes, ref length, (ulong)(number << 1) ^ (ulong)(number >> 63));

    private static void Put(byte[] bytes, ref int length, ulong number)
    {
        for (; number >= 0x80; number >>= 7)
            bytes[length++] = (byte)(number | 0x80);
        bytes[length++] = (byte)number;
    }

    private static long TakeSigned(ref ReadOnlySpan<byte> bytes)
    {
        ulong number = Take(ref bytes);
        return (long)(number >> 1) ^ -(long)(number & 1);
    }

    private static ulong Take(ref ReadOnlySpan<byte> bytes)
    {
        ulong number = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = bytes[0];
            bytes = bytes[1..];
            number |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return number;
        }
    }
}
