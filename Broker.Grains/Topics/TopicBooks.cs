using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Topics;

/// <summary>What a topic counts since its activation. The topic's turns write it, others may read it.</summary>
public sealed class TopicBooks
{
    /// <summary>The topic's log and depth; null before it was opened.</summary>
    public OpenTopic? Open { get; private set; }

    /// <summary>What was published before the activation, where the topic's log knows it.</summary>
    public LogCount Before { get; private set; }

    /// <summary>Messages published.</summary>
    public long MessageCount { get; set; }

    /// <summary>Body bytes published.</summary>
    public long MessageBytes { get; set; }

    /// <summary>Messages published and dropped, because an ephemeral topic holds no more than its bound, or the topic's policy makes the oldest go.</summary>
    public long DroppedCount { get; set; }

    /// <summary>Messages that the topic held when it was emptied.</summary>
    public long EmptiedCount { get; set; }

    /// <summary>Messages whose publish failed.</summary>
    public long FailedCount { get; set; }

    /// <summary>Messages that were refused because the topic's policy does not allow them.</summary>
    public long RefusedCount { get; set; }

    /// <summary>Messages that are not in any channel yet.</summary>
    public long Depth => Open?.HeldCount.Total ?? 0;

    /// <summary>Bytes that the log takes.</summary>
    public long LogBytes => Open?.Log.Bytes ?? 0;

    /// <summary>The topic was opened. What is opened again was counted here.</summary>
    public void NoteOpened(OpenTopic open)
    {
        if (Open is null)
            Before = open.Log.AppendedBefore;
        Open = open;
    }

    /// <summary>Counts a batch that was published, and how many of it were dropped.</summary>
    public void Count(MessageBatch batch, long dropped)
    {
        MessageCount += batch.Count;
        MessageBytes += batch.BodyBytes;
        DroppedCount += dropped;
    }
}
