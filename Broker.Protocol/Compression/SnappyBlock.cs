using System.Buffers.Binary;
using System.Diagnostics;
using System.Numerics;

namespace Broker.Protocol;

/// <summary>
/// The snappy block format: one piece of data, compressed. It writes into the caller's memory and believes no length that it
/// reads: bytes of an attacker can make decoding fail, but not make it allocate, nor leave the two spans.
/// </summary>
public static class SnappyBlock
{
    /// <summary>Greatest number of bytes that are encoded at once: matches are found by 16-bit positions.</summary>
    public const int MaxInput = 64 * 1024;

    private const int MinTableBits = 8;
    private const int MaxTableBits = 14;

    // A match is looked for by its first four bytes, and the last bytes of the input are not worth the search.
    private const int MatchBytes = 4;
    private const int Tail = 15;

    private const int LiteralTag = 0b00;
    private const int ShortCopyTag = 0b01;
    private const int CopyTag = 0b10;

    // A length that stands in the tag itself; above, 60 and 61 say that it stands in the next one or two bytes.
    private const int MaxTagLength = 60;

    /// <summary>Greatest size in bytes of what <paramref name="length"/> bytes are encoded to.</summary>
    public static int MaxEncodedLength(int length) => 32 + length + (length / 6);

    /// <summary>Compresses.</summary>
    /// <param name="source">Up to <see cref="MaxInput"/> bytes.</param>
    /// <param name="destination">At least <see cref="MaxEncodedLength"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    public static int Encode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(source.Length, MaxInput);
        int written = WriteLength(destination, source.Length);
        int emitted = 0;
        int limit = source.Length - Tail;
        if (limit > 0)
        {
            int bits = Math.Clamp(BitOperations.Log2((uint)source.Length - 1) + 1, MinTableBits, MaxTableBits);
            Span<ushort> table = stackalloc ushort[1 << bits];
            int shift = 32 - bits;
            int position = 1;
            int misses = 0;
            while (position < limit)
            {
                uint word = Load(source, position);
                ref ushort slot = ref table[Hash(word, shift)];
                int candidate = slot;
                slot = (ushort)position;
                if (Load(source, candidate) != word)
                {
                    // Data that does not compress is stepped through faster and faster.
                    position += 1 + (misses++ >> 5);
                    continue;
                }
                misses = 0;
                written += WriteLiteral(destination[written..], source[emitted..position]);
                int length = MatchBytes
                    + source[(position + MatchBytes)..].CommonPrefixLength(source[(candidate + MatchBytes)..]);
                written += WriteCopy(destination[written..], position - candidate, length);
                position += length;
                emitted = position;
                if (position < limit)
                    table[Hash(Load(source, position - 1), shift)] = (ushort)(position - 1);
            }
        }
        return written + WriteLiteral(destination[written..], source[emitted..]);
    }

    /// <summary>The number of bytes that a block says it decodes to; false when it does not even say that.</summary>
    public static bool TryReadLength(ReadOnlySpan<byte> source, out uint length) => ReadLength(source, out length) > 0;

    /// <summary>Decompresses.</summary>
    /// <param name="source">The whole block.</param>
    /// <param name="destination">What it decodes to has to fit.</param>
    /// <param name="written">Bytes written; only meaningful when the block is good.</param>
    /// <returns>False when the block is corrupt or does not fit.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
    {
        written = 0;
        int position = ReadLength(source, out uint length);
        if (position == 0 || length > (uint)destination.Length)
            return false;
        destination = destination[..(int)length];
        while (position < source.Length)
        {
            byte tag = source[position++];
            if ((tag & 3) == LiteralTag)
            {
                if (!TryReadLiteralLength(source, tag, ref position, out int literal))
                    return false;
                if (literal > source.Length - position || literal > destination.Length - written)
                    return false;
                source.Slice(position, literal).CopyTo(destination[written..]);
                position += literal;
                written += literal;
                continue;
            }
            int offsetBytes = (tag & 3) switch { ShortCopyTag => 1, CopyTag => 2, _ => 4 };
            if (offsetBytes > source.Length - position)
                return false;
            (int copy, uint offset) = (tag & 3) switch
            {
                ShortCopyTag => (MatchBytes + ((tag >> 2) & 7), ((uint)(tag >> 5) << 8) | source[position]),
                CopyTag => (1 + (tag >> 2), BinaryPrimitives.ReadUInt16LittleEndian(source[position..])),
                _ => (1 + (tag >> 2), BinaryPrimitives.ReadUInt32LittleEndian(source[position..])),
            };
            position += offsetBytes;
            if (offset == 0 || offset > (uint)written || copy > destination.Length - written)
                return false;
            Repeat(destination, written, (int)offset, copy);
            written += copy;
        }
        return written == destination.Length;
    }

    private static bool TryReadLiteralLength(ReadOnlySpan<byte> source, byte tag, ref int position, out int length)
    {
        length = (tag >> 2) + 1;
        if (length <= MaxTagLength)
            return true;
        int bytes = length - MaxTagLength;
        if (bytes > source.Length - position)
            return false;
        uint value = 0;
        for (int i = 0; i < bytes; i++)
            value |= (uint)source[position + i] << (8 * i);
        position += bytes;
        if (value >= int.MaxValue)
            return false;
        length = (int)value + 1;
        return true;
    }

    /// <summary>Copies from <paramref name="offset"/> bytes before; a copy that runs into itself repeats what it has written.</summary>
    private static void Repeat(Span<byte> destination, int at, int offset, int count)
    {
        while (count > 0)
        {
            // What lies between the source and the end of what is written doubles with each round.
            int size = Math.Min(count, offset);
            destination.Slice(at - offset, size).CopyTo(destination[at..]);
            at += size;
            count -= size;
            offset += size;
        }
    }

    private static uint Load(ReadOnlySpan<byte> source, int position) => BinaryPrimitives.ReadUInt32LittleEndian(source[position..]);

    private static int Hash(uint word, int shift) => (int)((word * 0x1E35A7BD) >> shift);

    private static int WriteLength(Span<byte> destination, int length)
    {
        uint left = (uint)length;
        int written = 0;
        while (left >= 0x80)
        {
            destination[written++] = (byte)(left | 0x80);
            left >>= 7;
        }
        destination[written++] = (byte)left;
        return written;
    }

    /// <summary>Bytes that the length takes; 0 when there is none.</summary>
    private static int ReadLength(ReadOnlySpan<byte> source, out uint length)
    {
        const int maxBytes = 5;
        ulong value = 0;
        for (int i = 0; i < Math.Min(source.Length, maxBytes); i++)
        {
            value |= (ulong)(source[i] & 0x7F) << (7 * i);
            if (source[i] < 0x80)
            {
                length = (uint)value;
                return value <= uint.MaxValue ? i + 1 : 0;
            }
        }
        length = 0;
        return 0;
    }

    private static int WriteLiteral(Span<byte> destination, ReadOnlySpan<byte> literal)
    {
        if (literal.IsEmpty)
            return 0;
        int value = literal.Length - 1;
        int head;
        if (value < MaxTagLength)
        {
            destination[0] = (byte)((value << 2) | LiteralTag);
            head = 1;
        }
        else if (value <= byte.MaxValue)
        {
            destination[0] = (MaxTagLength << 2) | LiteralTag;
            destination[1] = (byte)value;
            head = 2;
        }
        else
        {
            destination[0] = ((MaxTagLength + 1) << 2) | LiteralTag;
            BinaryPrimitives.WriteUInt16LittleEndian(destination[1..], (ushort)value);
            head = 3;
        }
        literal.CopyTo(destination[head..]);
        return head + literal.Length;
    }

    private static int WriteCopy(Span<byte> destination, int offset, int length)
    {
        const int maxCopy = 64;
        const int maxShortCopy = 11;
        const int maxShortOffset = 2047;
        Debug.Assert(offset <= ushort.MaxValue && length >= MatchBytes, "A match lies within the block.");

        int written = 0;
        while (length > 0)
        {
            // No rest is left that is too short for a copy of its own.
            int size = length > maxCopy + MatchBytes - 1 ? maxCopy : length > maxCopy ? maxCopy - MatchBytes : length;
            if (size <= maxShortCopy && size >= MatchBytes && offset <= maxShortOffset)
            {
                destination[written++] = (byte)(((offset >> 8) << 5) | ((size - MatchBytes) << 2) | ShortCopyTag);
                destination[written++] = (byte)offset;
            }
            else
            {
                destination[written++] = (byte)(((size - 1) << 2) | CopyTag);
                BinaryPrimitives.WriteUInt16LittleEndian(destination[written..], (ushort)offset);
                written += sizeof(ushort);
            }
            length -= size;
        }
        return written;
    }
}
