using System.Text.Json.Serialization;
using Broker.Messages;
using Broker.Policies;

namespace Broker.Storage;

/// <summary>What a topic remembers beside its log. Replaced as a whole, durably.</summary>
public sealed record TopicRecord
{
    /// <summary>Whether the topic is paused.</summary>
    public bool Paused { get; init; }

    /// <summary>What lies below was emptied, or consumed before the last channel went.</summary>
    public long Head { get; init; }

    /// <summary>
    /// While the topic is paused or has no channels: up to here (exclusive) messages were handed to channels. Otherwise null: the cursor follows
    /// the end of the log.
    /// </summary>
    public long? Cursor { get; init; }

    /// <summary>Incarnation that the next channel gets; from 1.</summary>
    public long NextIncarnation { get; init; } = 1;

    /// <summary>The channels, in ordinal order of their names.</summary>
    public IReadOnlyList<ChannelRecord> Channels { get; init; } = [];

    /// <summary>Ranges above some channel's start that were emptied before any channel got them: readers skip them.</summary>
    public IReadOnlyList<OffsetRange> Hidden { get; init; } = [];

    /// <summary>What the topic does differently from other topics; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TopicPolicy? Policy { get; init; }

    /// <summary>Whether channels of other topics have published here what they gave up; then the channels here keep their own dead letters.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool TakesDeadLetters { get; init; }

    /// <summary>The parts of a range that are not hidden.</summary>
    public List<OffsetRange> Visible(long from, long to)
    {
        List<OffsetRange> ranges = [];
        foreach (OffsetRange hidden in Hidden)
        {
            if (hidden.End <= from || hidden.Start >= to)
                continue;
            if (hidden.Start > from)
                ranges.Add(new OffsetRange(from, hidden.Start));
            from = Math.Max(from, hidden.End);
        }
        if (from < to)
            ranges.Add(new OffsetRange(from, to));
        return ranges;
    }
}
