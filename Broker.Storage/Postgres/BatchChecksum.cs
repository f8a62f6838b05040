using System.Buffers.Binary;

namespace Broker.Storage.Postgres;

/// <summary>What tells a damaged batch: CRC-32C over where it belongs, its due times and its records.</summary>
internal static class BatchChecksum
{
    public static int Of(int generation, long baseOffset, ReadOnlySpan<byte> dueTimes, ReadOnlySpan<byte> records) =>
        unchecked((int)Checksum.Add(Checksum.Add(Checksum.Add(Checksum.Add(0, generation), baseOffset), dueTimes), records));

    /// <summary>Due times as they are stored: eight bytes each, little endian.</summary>
    public static byte[] Write(long[] dueTimes)
    {
        byte[] bytes = new byte[dueTimes.Length * sizeof(long)];
        for (int i = 0; i < dueTimes.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(i * sizeof(long)), dueTimes[i]);
        return bytes;
    }

    /// <summary>Due times as they were stored.</summary>
    public static long[] Read(ReadOnlySpan<byte> bytes)
    {
        long[] dueTimes = new long[bytes.Length / sizeof(long)];
        for (int i = 0; i < dueTimes.Length; i++)
            dueTimes[i] = BinaryPrimitives.ReadInt64LittleEndian(bytes[(i * sizeof(long))..]);
        return dueTimes;
    }
}
