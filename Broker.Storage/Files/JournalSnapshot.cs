using System.Buffers;
using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>A journal that is being written to take another's place.</summary>
internal sealed class JournalSnapshot : IDisposable
{
    private const int BlockSize = 64 << 10;

    private readonly IStorageFile _file;
    private readonly long _incarnation;

    private JournalSnapshot(IStorageFile file, long incarnation)
    {
        _file = file;
        _incarnation = incarnation;
        _file.Write([new FileHeader(0, incarnation).Write(FileHeader.Journal)], 0);
    }

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; } = FileHeader.Size;

    /// <summary>Positions of kept messages.</summary>
    public SortedOffsets<long> Kept { get; } = new();

    /// <summary>Writes what a journal amounts to up to a position; it is on the device when this returns.</summary>
    /// <exception cref="IOException">A kept message is damaged.</exception>
    public static JournalSnapshot Of(IStorageFile journal, long incarnation, long limit, IStorageFiles files, string path)
    {
        JournalReplay replay = JournalReplay.Of(journal, incarnation, limit);
        JournalSnapshot snapshot = new(files.Create(path), incarnation);
        try
        {
            JournalEntries entries = new();
            foreach (ProgressEntry entry in replay.State.Entries)
            {
                entries.Add(entry);
                if (entries.Length > BlockSize)
                    snapshot.Add(entries.Take());
            }
            if (!entries.IsEmpty)
                snapshot.Add(entries.Take());
            foreach (MessageState message in replay.State.Kept)
            {
                replay.Kept.TryGet(message.Offset, out long position);
                MessageBatch body = JournalReplay.ReadKept(journal, incarnation, position, limit, message.Offset)
                    ?? throw new IOException($"kept message {message.Offset} is damaged");
                snapshot.Add(JournalEntries.OfKept(message.Offset, message.Attempts, message.Due, body.Records));
            }
            snapshot.Sync();
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Adds the blocks of a journal from one position to another.</summary>
    public void AddBlocks(IStorageFile journal, long from, long to)
    {
        using JournalWalker walker = new(journal, _incarnation, from, to);
        while (walker.MoveNext())
        {
            ReadOnlySpan<byte> entries = walker.Entries;
            long? kept = JournalEntries.Replay(entries, new ProgressState());
            Add(new JournalPayload(entries.ToArray(), entries.Length, kept), isPooled: false);
        }
    }

    public void Sync() => _file.Sync();

    public void Dispose() => _file.Dispose();

    private void Add(in JournalPayload payload, bool isPooled = true)
    {
        ReadOnlyMemory<byte> entries = payload.Bytes.AsMemory(0, payload.Length);
        _file.Write([JournalBlock.Header(entries.Span, _incarnation, Length), entries], Length);
        if (payload.KeptOffset is { } offset)
            Kept.Set(offset, Length);
        else if (isPooled)
            ArrayPool<byte>.Shared.Return(payload.Bytes);
        Length += JournalBlock.HeaderSize + payload.Length;
    }
}
