using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Broker.Protocol;

/// <summary>A message id on the wire: 16 lowercase hex digits for a 64-bit number (spec 1.11).</summary>
public static class HexId
{
    /// <summary>Digits of an id.</summary>
    public const int Length = 16;

    private static readonly Vector128<byte> Digits = Vector128.Create("0123456789abcdef"u8);

    /// <summary>Reads an id; false for anything but exactly 16 lowercase hex digits.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong id)
    {
        id = 0;
        if (text.Length != Length)
            return false;

        Vector128<byte> ascii = Vector128.Create(text);
        Vector128<byte> digit = ascii - Vector128.Create((byte)'0');
        Vector128<byte> letter = ascii - Vector128.Create((byte)'a');
        Vector128<byte> isDigit = Vector128.LessThan(digit, Vector128.Create((byte)10));
        Vector128<byte> isLetter = Vector128.LessThan(letter, Vector128.Create((byte)6));
        if ((isDigit | isLetter) != Vector128<byte>.AllBitsSet)
            return false;

        // Two nibbles share each 16-bit lane, the more significant one in its low byte.
        Vector128<ushort> nibbles = Vector128.ConditionalSelect(isDigit, digit, letter + Vector128.Create((byte)10)).AsUInt16();
        Vector128<ushort> bytes = ((nibbles << 4) | (nibbles >> 8)) & Vector128.Create((ushort)0xff);
        id = BinaryPrimitives.ReverseEndianness(Vector128.Narrow(bytes, bytes).AsUInt64().ToScalar());
        return true;
    }

    /// <summary>Writes an id to <paramref name="destination"/>, at least <see cref="Length"/> bytes.</summary>
    public static void Format(ulong id, Span<byte> destination)
    {
        Vector128<ushort> bytes = Vector128.WidenLower(
            Vector128.CreateScalar(BinaryPrimitives.ReverseEndianness(id)).AsByte());
        Vector128<byte> nibbles = ((bytes >> 4) | ((bytes & Vector128.Create((ushort)0x0f)) << 8)).AsByte();
        Vector128.Shuffle(Digits, nibbles).CopyTo(destination);
    }
}
