using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>What the blocks of a journal amount to.</summary>
/// <param name="State">The channel's progress.</param>
/// <param name="Kept">Where the kept messages stand that are not finished.</param>
/// <param name="End">Where the last good block ends.</param>
internal sealed record JournalReplay(ProgressState State, SortedOffsets<long> Kept, long End)
{
    /// <summary>Reads a journal from its first block on.</summary>
    /// <param name="file">The journal.</param>
    /// <param name="incarnation">Whose it is: blocks of another are damage.</param>
    /// <param name="limit">Where it ends.</param>
    /// <param name="damaged">Is told of bytes between two blocks that are no block.</param>
    public static JournalReplay Of(IStorageFile file, long incarnation, long limit, Action<FileRange>? damaged = null)
    {
        ProgressState state = new();
        SortedOffsets<long> kept = new();
        using JournalWalker walker = new(file, incarnation, FileHeader.Size, limit);
        while (walker.MoveNext())
        {
            if (walker.Skipped.Length > 0)
                damaged?.Invoke(walker.Skipped);
            if (JournalEntries.Replay(walker.Entries, state) is { } offset)
                kept.Set(offset, walker.Position);
        }
        foreach ((long offset, _) in kept.InOrder.ToArray())
        {
            if (!state.IsKept(offset))
                kept.Remove(offset, offset + 1);
        }
        return new JournalReplay(state, kept, walker.Next);
    }

    /// <summary>Reads the kept message whose block stands at a position; null when it is damaged.</summary>
    public static MessageBatch? ReadKept(IStorageFile file, long incarnation, long position, long limit, long offset)
    {
        using JournalWalker walker = new(file, incarnation, position, limit);
        return walker.MoveNext() && walker.Position == position ? JournalEntries.ReadKept(walker.Entries, offset) : null;
    }
}
