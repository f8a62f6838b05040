using Broker.Messages;
using Broker.Storage;
using Broker.Topics;
using Orleans.Runtime;

namespace Broker.Grains.Topics;

/// <summary>
/// Makes room in a topic's log where its policy says so: what no channel needs goes first, in whole segments, and then the oldest messages, each channel
/// dropping and counting its own. What is in flight or deferred stays, and holds the log until it is finished or kept by its channel.
/// </summary>
/// <param name="topic">The activation.</param>
/// <param name="limits">What the policy says.</param>
/// <param name="retention">Trims the log.</param>
/// <param name="changes">Changes the record.</param>
/// <param name="time">The clock.</param>
internal sealed class Overflow(TopicActivation topic, PublishLimits limits, Retention retention, RecordChanges changes, TimeProvider time)
{
    // Room is made for a while: an eighth of what the log may take.
    private const int Parts = 8;
    private const int ReadBytes = 512 << 10;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private IGrainTimer? _soon;
    private IGrainTimer? _look;

    /// <summary>Something was published, or refused for want of room: makes room soon when the log takes more than it may.</summary>
    public void Watch(OpenTopic open)
    {
        if (limits.RoomBytes > 0 && open.Log.Bytes > limits.RoomBytes && !topic.IsLeaving)
            _soon ??= topic.RunLater(_ => RunAsync(() => _soon, () => _soon = null, MakeRoomAsync), Delay);
    }

    /// <summary>Looks every few seconds for messages of the topic itself that are too old, while its policy says that there are such.</summary>
    public void LookForOld()
    {
        if (limits.MaxAge > 0 && !topic.IsLeaving)
            _look ??= topic.RunLater(_ => RunAsync(() => _look, () => _look = null, DropOldAsync), LookInterval);
    }

    private async Task RunAsync(Func<IGrainTimer?> timer, Action forget, Func<OpenTopic, Task> run)
    {
        try
        {
            if (topic.Open is { Broken: false } open)
                await run(open);
        }
        catch (FencedException)
        {
            topic.Leave();
        }
        catch (StoreException e)
        {
            topic.Log.TrimFailed(topic.Name, e.Message);
        }
        finally
        {
            timer()?.Dispose();
            forget();
            LookForOld();
        }
    }

    private async Task MakeRoomAsync(OpenTopic open)
    {
        await retention.TrimAsync();
        long most = limits.RoomBytes;
        if (most == 0 || open.Log.Bytes <= most)
            return;
        long below = await FindAsync(open.Log, most - (most / Parts));
        if (below > open.HandedOver)
            await DropHeldAsync(below);
        foreach (ChannelFeed feed in open.Feeds.Values.ToArray())
            await retention.AskFloorAsync(feed, Math.Min(below, open.HandedOver));
        await retention.TrimAsync();
    }

    // The first offset from which on the log would take no more than so many bytes.
    private static async ValueTask<long> FindAsync(ITopicLog log, long most)
    {
        long low = log.Start;
        long end = log.End;
        long high = end;
        double all = SizeOf(await log.CountAsync(low, end));
        if (all == 0)
            return low;
        // What the log takes beside the messages themselves is spread over them.
        double wanted = most * Math.Min(1, all / Math.Max(1, log.Bytes));
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (SizeOf(await log.CountAsync(middle, end)) <= wanted)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private static double SizeOf(LogCount count) => count.Bytes + ((double)count.Total * MessageBatch.RecordHeaderSize);

    private async Task DropOldAsync(OpenTopic open)
    {
        if (limits.MaxAge == 0 || !open.Held)
            return;
        long upTo = (Moment.Of(time).Wall - limits.MaxAge) * NanosecondsPerMillisecond;
        long below = open.HandedOver;
        while (below < open.Committed)
        {
            LogRead read = await open.Log.ReadAsync(below, open.Committed, ReadBytes);
            foreach (MessageBatch batch in read.Batches)
            {
                // A batch is as old as its last message.
                if (batch.TimestampAt(batch.PositionOf(batch.Count - 1)) > upTo)
                {
                    await DropHeldAsync(below);
                    return;
                }

                below = batch.EndOffset;
            }

            below = Math.Max(below, read.End);
        }

        await DropHeldAsync(below);
    }

    // What no channel has got yet belongs to the topic.
    private async Task DropHeldAsync(long below) => await changes.ChangeAsync(async open =>
    {
        long end = Math.Min(below, open.Committed);
        if (!open.Held || end <= open.HandedOver)
            return TopicReply.Ok;
        LogCount dropped = await open.Log.CountAsync(open.HandedOver, end);
        await changes.SaveAsync(open, open.RecordWithout(end), () =>
        {
            open.Empty(end, dropped);
            topic.Books.DroppedCount += dropped.Total;
        });
        retention.TrimSoon();
        return TopicReply.Ok;
    });
}
