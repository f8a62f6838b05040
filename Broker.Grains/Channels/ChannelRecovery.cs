using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Channels;

/// <summary>Opens a channel: what the topic's record says of it, what was noted of its progress, and what the log has beyond that.</summary>
/// <param name="channel">The activation.</param>
/// <param name="upkeep">Looks after the channel while it is open.</param>
/// <param name="stores">Where topics and progress are kept.</param>
/// <param name="options">Limits of channels.</param>
/// <param name="seed">What the channel draws by chance begins with.</param>
/// <param name="time">The clock.</param>
internal sealed class ChannelRecovery(
    ChannelActivation channel, ChannelUpkeep upkeep, TopicStores stores, QueueOptions options, ChannelSeed seed, TimeProvider time)
{
    private (long Incarnation, long Epoch) _lastOpening;

    /// <summary>The channel of an incarnation, opened where it is not; null when it is not there, or a later one is.</summary>
    /// <exception cref="StoreException">It cannot be opened now.</exception>
    /// <exception cref="FencedException">It is open elsewhere, or was deleted meanwhile: whoever asks again gets there.</exception>
    public async ValueTask<OpenChannel?> GetAsync(long incarnation)
    {
        while (true)
        {
            if (channel.Open is { } open)
            {
                if (open.Incarnation == incarnation)
                    return open;
                if (open.Incarnation > incarnation)
                    return null;
                // The incarnation that is open was deleted and made again without word of it.
                await channel.CloseAsync(open);
            }

            try
            {
                await channel.Opening.JoinAsync(OpenAsync);
            }
            catch (FencedException)
            {
                channel.LeaveIfGone();
                throw;
            }

            if (channel.Open is null || channel.Open.Incarnation < incarnation)
            {
                channel.LeaveIfGone();
                return null;
            }
        }
    }

    private async Task OpenAsync()
    {
        await stores.EnsureMemberAsync();
        ChannelReply record = await channel.TopicGrain.DescribeChannelAsync(channel.Name);
        switch (record.Status)
        {
            case TopicStatus.Ok:
                break;
            case TopicStatus.Failed:
                throw new StoreException(record.Error ?? $"topic {channel.Topic} cannot be opened");
            default:
                return;
        }

        ChannelQueue queue = CreateQueue(record);
        queue.Observe(Moment.Of(time));
        ITopicReader? reader = null;
        IChannelProgress? progress = null;
        bool known = false;
        if (channel.OwnsBodies)
        {
            queue.Recover(null, [], [], record.Start);
        }
        else
        {
            IMessageStore store = stores.Of(channel.Topic);
            reader = await store.OpenReaderAsync(channel.Topic, record.Generation);
            if (reader is null)
                return;
            progress = await store.OpenChannelAsync(channel.Topic, record.Generation, channel.Name, record.Incarnation);
            await EnsureRisenAsync(progress, record.Incarnation);
            ChannelState? state = await progress.LoadAsync();
            known = state is not null;
            await RecoverAsync(queue, reader, state, Math.Max(record.Start, state?.Floor ?? 0), record.End);
        }

        long opened = Moment.Of(time).Steady;
        OpenChannel open = new()
        {
            Incarnation = record.Incarnation,
            Start = record.Start,
            IdPrefix = record.IdPrefix,
            Queue = queue,
            Reader = reader,
            Progress = progress,
            HeldUntil = known ? opened + (long)options.HandOverWait.TotalMilliseconds : 0,
            AttachedBy = record.WasOpen && channel.IsEphemeral ? opened + (long)options.GatewayTimeout.TotalMilliseconds : long.MaxValue,
        };
        channel.Open = open;
        channel.Show(open);
        upkeep.Start(open, record.Redrive);
    }

    /// <exception cref="FencedException">The store has fallen behind what it was, so that openings cannot be told apart: this activation ends.</exception>
    private async ValueTask EnsureRisenAsync(IChannelProgress progress, long incarnation)
    {
        (long Incarnation, long Epoch) last = _lastOpening;
        _lastOpening = (incarnation, progress.Epoch);
        if (incarnation != last.Incarnation || progress.Epoch > last.Epoch)
            return;
        channel.Log.ChannelEpochFell(channel.Topic, channel.Name, progress.Epoch, last.Epoch, incarnation);
        channel.NoteBreach();
        channel.DeactivateOnIdle();
        await progress.DisposeAsync();
        throw new FencedException($"channel {channel.Name} of topic {channel.Topic} is about to be opened anew; ask again");
    }

    private ChannelQueue CreateQueue(ChannelReply record) => new(
        new ChannelLimits
        {
            WindowMessages = options.MemQueueSize,
            WindowBytes = options.MemQueueBytes,
            OwnsBodies = channel.OwnsBodies,
            MaxMessageTimeout = (long)options.MaxMsgTimeout.TotalMilliseconds,
            MaxRequeueDelay = (long)options.MaxReqTimeout.TotalMilliseconds,
            TopologyAware = options.TopologyAware,
        },
        record.Start,
        seed.For(record.Incarnation))
    {
        Paused = record.Paused,
        Policy = record.Policy ?? ChannelPolicy.None,
        Latencies = channel.IsMeasured || options.KeepsLatency ? new LatencyHistogram() : null,
        RecentLatencies = options.KeepsLatency
            ? new LatencyWindow(options.LatencyWindow.Ticks / 2 * TimeSpan.NanosecondsPerTick, Moment.NanosecondsOf(time))
            : null,
    };

    private static async Task RecoverAsync(ChannelQueue queue, ITopicReader reader, ChannelState? state, long floor, long end)
    {
        IReadOnlyList<DeferredHeader> deferred = end > floor ? await reader.ReadDeferredAsync(floor, end) : [];
        queue.Recover(state, deferred, reader.Hidden, end);
        long backlog = 0;
        long known = 0;
        foreach (OffsetRange range in queue.Unfinished(queue.End).ToArray())
            backlog += (await reader.CountAsync(range.Start, range.End)).Messages;
        if (state is not null)
        {
            // What is known one by one and came at once is in the log's count; deferred batches are not.
            HashSet<long> born = [.. deferred.SelectMany(header => Enumerable.Range(0, header.DueTimes.Length).Select(i => header.BaseOffset + i))];
            known = state.Messages.Count(message => !message.Kept && queue.IsKnown(message.Offset) && !born.Contains(message.Offset));
        }

        queue.SetBacklog(backlog, known);
        if (state is null)
            queue.CountAll();
    }
}
