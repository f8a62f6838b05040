using System.Numerics;
using System.Runtime.InteropServices;

namespace Broker.Storage;

/// <summary>CRC-32C, eight bytes a step with the processor's own instruction.</summary>
internal static class Checksum
{
    /// <summary>Continues a checksum over more bytes; begin with 0 or with a value that says where the bytes belong.</summary>
    public static uint Add(uint seed, ReadOnlySpan<byte> bytes)
    {
        uint crc = ~seed;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
            crc = BitOperations.Crc32C(crc, word);
        foreach (byte rest in bytes[(words.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, rest);
        return ~crc;
    }

    /// <summary>Continues a checksum over a number.</summary>
    public static uint Add(uint seed, long number) => ~BitOperations.Crc32C(~seed, (ulong)number);
}
