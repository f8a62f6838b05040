using System.Buffers.Binary;
using Broker.Messages;

namespace Broker.Storage.Postgres;

/// <summary>
/// What a channel's journal amounts to, as bytes: a version, then blocks of entries behind their lengths (little endian), the last of which are
/// one block for each kept message.
/// </summary>
internal static class ProgressSnapshot
{
    private const byte Version = 1;

    public static int Checksum(byte[] snapshot) => unchecked((int)Storage.Checksum.Add(0, snapshot));

    public static byte[] Write(ProgressState state)
    {
        using MemoryStream bytes = new();
        bytes.WriteByte(Version);
        JournalEntries entries = new();
        foreach (ProgressEntry entry in state.Entries)
            entries.Add(entry);
        WriteBlock(bytes, JournalRow.Copy(entries.Take()));
        foreach (MessageState message in state.Kept)
        {
            JournalPayload kept = JournalEntries.OfKept(message.Offset, message.Attempts, message.Due, []);
            WriteBlock(bytes, kept.Bytes.AsSpan(0, kept.Length));
        }
        return bytes.ToArray();
    }

    /// <exception cref="StoreException">A newer version wrote it.</exception>
    public static void Replay(ReadOnlySpan<byte> snapshot, ProgressState state)
    {
        if (snapshot[0] > Version)
            throw new StoreException($"a channel's snapshot has format version {snapshot[0]}, which is newer than {Version}, the newest that this version reads");
        snapshot = snapshot[1..];
        while (!snapshot.IsEmpty)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(snapshot);
            JournalEntries.Replay(snapshot.Slice(sizeof(int), length), state);
            snapshot = snapshot[(sizeof(int) + length)..];
        }
    }

    private static void WriteBlock(MemoryStream bytes, ReadOnlySpan<byte> block)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, block.Length);
        bytes.Write(length);
        bytes.Write(block);
    }
}
