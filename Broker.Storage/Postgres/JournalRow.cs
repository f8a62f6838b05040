using System.Buffers;

namespace Broker.Storage.Postgres;

/// <summary>A row of a channel's journal.</summary>
/// <param name="Sequence">Its number, so that writing it again does nothing.</param>
/// <param name="Entries">The changes.</param>
/// <param name="Kept">The messages that are kept with it.</param>
/// <param name="Dead">The dead letters that are written with it.</param>
internal sealed record JournalRow(long Sequence, byte[] Entries, IReadOnlyList<KeptMessage> Kept, IReadOnlyList<DeadLetter> Dead)
{
    // What a row costs besides its entries, in the table and in its index.
    private const int Overhead = 96;

    /// <summary>Bytes that it takes, about.</summary>
    public long Size => SizeOf(Entries);

    public int Checksum => ChecksumOf(Sequence, Entries);

    public static long SizeOf(byte[] entries) => entries.Length + Overhead;

    public static int ChecksumOf(long sequence, byte[] entries) =>
        unchecked((int)Storage.Checksum.Add(Storage.Checksum.Add(0, sequence), entries));

    /// <summary>Takes the bytes out of a pooled buffer.</summary>
    public static byte[] Copy(in JournalPayload payload)
    {
        byte[] bytes = payload.Bytes.AsSpan(0, payload.Length).ToArray();
        ArrayPool<byte>.Shared.Return(payload.Bytes);
        return bytes;
    }
}
