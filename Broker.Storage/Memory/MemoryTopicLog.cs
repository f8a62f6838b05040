using Broker.Messages;

namespace Broker.Storage.Memory;

/// <summary>A topic in memory, opened for writing. All calls complete at once.</summary>
internal sealed class MemoryTopicLog(MemoryTopic topic, long epoch, long nextOffset, IReadOnlyDictionary<long, SequenceWindow> sequences)
    : MemoryTopicReader(topic), ITopicLog
{
    public long Epoch => epoch;

    public int Generation => Topic.Generation;

    public long NextOffset => nextOffset;

    public TopicRecord Record => Topic.Record;

    public IReadOnlyDictionary<long, SequenceWindow> PublisherSequences => sequences;

    public long Bytes => Topic.Bytes;

    public ValueTask AppendAsync(MessageBatch batch, long publisher, long sequence, long lowest = 0)
    {
        try
        {
            Topic.Append(epoch, batch, publisher, sequence, lowest);
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }

    public ValueTask VerifyAsync()
    {
        try
        {
            Topic.Verify(epoch);
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }

    public ValueTask SaveRecordAsync(TopicRecord record)
    {
        try
        {
            Topic.Save(epoch, record);
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }

    public ValueTask TrimAsync(long below)
    {
        try
        {
            Topic.Trim(epoch, below);
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }

    public ValueTask DeleteAsync()
    {
        try
        {
            Topic.Delete(epoch);
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
