using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>What was taken from the log or from offers and was never delivered, within limits of messages and bytes.</summary>
internal sealed class MessageWindow(ChannelLimits limits)
{
    // Bytes are counted by batch, whose runs stand side by side, and given back with its last run.
    private long _bytes;

    /// <summary>The messages, in order.</summary>
    public RunQueue Runs { get; } = new();

    /// <summary>Whether a batch that was offered may be taken.</summary>
    public bool HasRoom =>
        limits.OwnsBodies || (Runs.Messages < Math.Max(ChannelLimits.MinReadAhead, limits.WindowMessages) && _bytes < limits.WindowBytes);

    /// <summary>Whether there is room for a stretch of the log.</summary>
    public bool WantsLog =>
        Runs.Messages < Math.Max(ChannelLimits.MinReadAhead, limits.WindowMessages / 2) && _bytes < Math.Max(1, limits.WindowBytes / 2);

    /// <summary>Adds messages of a batch; call <see cref="Charge"/> when all of it that belongs here was added.</summary>
    public void Add(MessageBatch batch, int position, long firstOffset, int count)
    {
        if (count > 0)
            Runs.Enqueue(new ReadyRun(batch, position, firstOffset, count, 0));
    }

    /// <summary>Counts a batch of which messages were added.</summary>
    public void Charge(MessageBatch batch) => _bytes += batch.Records.Length;

    /// <summary>Takes messages from the first run, whose rest begins at <paramref name="position"/>.</summary>
    public void Take(in ReadyRun first, int count, int position)
    {
        if (count == first.Count && (Runs.RunCount == 1 || !ReferenceEquals(Runs[1].Batch, first.Batch)))
            _bytes -= first.Batch.Records.Length;
        Runs.Take(count, position);
        if (Runs.RunCount == 0)
            _bytes = 0;
    }

    /// <summary>Takes one message out; false when it is not here.</summary>
    public bool Remove(long offset)
    {
        for (int i = 0; i < Runs.RunCount; i++)
        {
            ReadyRun run = Runs[i];
            if (offset < run.FirstOffset || offset >= run.FirstOffset + run.Count)
                continue;
            bool isLast = run.Count == 1
                && (i == 0 || !ReferenceEquals(Runs[i - 1].Batch, run.Batch))
                && (i + 1 == Runs.RunCount || !ReferenceEquals(Runs[i + 1].Batch, run.Batch));
            if (isLast)
                _bytes -= run.Batch.Records.Length;
            return Runs.Remove(offset);
        }

        return false;
    }

    /// <summary>Drops what exceeds the limit and says how many messages that are.</summary>
    public long Trim() => Runs.TrimTo(limits.WindowMessages);

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Runs.Clear();
        _bytes = 0;
    }
}
