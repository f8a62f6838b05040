using Broker.Messages;
using Broker.Policies;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>
/// Copies messages that hold the floor for long into the channel's own store: a month's deferral, or a message that is requeued for ever, must not
/// keep the log from being trimmed.
/// </summary>
/// <param name="channel">The activation.</param>
/// <param name="turns">Ends the turn.</param>
/// <param name="options">How long a floor may stand.</param>
/// <param name="time">The clock.</param>
internal sealed class StragglerKeeper(ChannelActivation channel, ChannelTurns turns, QueueOptions options, TimeProvider time)
{
    private const int AtOnce = 256;
    private const long Distance = 10_000;

    private long _floor = -1;
    private long _since;

    /// <summary>Looks whether the floor has stood for long, and keeps what holds it.</summary>
    /// <param name="open">The channel.</param>
    /// <param name="now">Milliseconds of the steady clock.</param>
    /// <exception cref="StoreException">A copy could not be made; what holds the floor still does.</exception>
    public async Task KeepAsync(OpenChannel open, long now)
    {
        ChannelQueue queue = open.Queue;
        if (open.Progress is null)
            return;
        if (queue.Floor != _floor)
        {
            _floor = queue.Floor;
            _since = now;
            return;
        }

        if (now - _since < (long)options.StragglerAge.TotalMilliseconds || queue.End - queue.Floor < Distance)
            return;
        // What is kept must not die meanwhile, or it would be both.
        await open.DeadTurns.WaitAsync();
        try
        {
            await KeepStragglersAsync(open, open.Progress);
        }
        finally
        {
            open.DeadTurns.Release();
        }
    }

    private async Task KeepStragglersAsync(OpenChannel open, IChannelProgress progress)
    {
        ChannelQueue queue = open.Queue;
        List<long> offsets = queue.Stragglers(AtOnce);
        if (offsets.Count == 0 || !ReferenceEquals(open, channel.Open))
            return;
        int version = queue.Version;
        Dictionary<long, (ushort Attempts, long Due)> states = queue.Describe(offsets);
        int kept = 0;
        foreach (long offset in offsets)
        {
            LogRead read = await open.Reader!.ReadAsync(offset, offset + 1, 1);
            MessageBatch? batch = read.Batches.FirstOrDefault(b => b.BaseOffset <= offset && offset < b.EndOffset);
            if (batch is null)
                continue;
            (ushort attempts, long due) = states[offset];
            await progress.KeepAsync(batch.Single(batch.PositionOf((int)(offset - batch.BaseOffset)), offset), attempts, due);
            if (!ReferenceEquals(open, channel.Open) || queue.Version != version)
                return;
            if (queue.Keep(offset))
                kept++;
        }

        // Their state may have changed while the copies were written.
        foreach ((long offset, (ushort attempts, long due)) in queue.Describe(offsets).OrderBy(state => state.Key))
        {
            if (queue.IsKept(offset) && states[offset] != (attempts, due))
                queue.Notes.Add(new ProgressEntry(due > 0 ? ProgressKind.Deferred : ProgressKind.Attempts, offset, due, attempts));
        }

        channel.Log.StragglersKept(channel.Topic, channel.Name, kept);
        _floor = -1;
        turns.End(open, Moment.Of(time));
    }
}
