using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>One opening of a topic on disk for writing.</summary>
internal sealed class FileTopicLog(FileTopic topic, long epoch, long nextOffset, IReadOnlyDictionary<long, SequenceWindow> sequences)
    : FileTopicReader(topic), ITopicLog
{
    public long Epoch => epoch;

    public int Generation => Topic.Folder.Generation;

    public long NextOffset => nextOffset;

    public TopicRecord Record => Topic.Record;

    public IReadOnlyDictionary<long, SequenceWindow> PublisherSequences => sequences;

    public long Bytes => Topic.Segments.Bytes;

    public ValueTask AppendAsync(MessageBatch batch, long publisher, long sequence, long lowest = 0) =>
        Topic.Writer.AppendAsync(epoch, batch, publisher, sequence, lowest);

    public string? Refusal(int bytes) => Topic.Writer.Refusal(bytes);

    public void Bound(long bytes) => Topic.Writer.Bound = bytes;

    public ValueTask VerifyAsync() =>
        Topic.Writer.Verify(epoch) is { } fenced ? ValueTask.FromException(fenced) : ValueTask.CompletedTask;

    public ValueTask SaveRecordAsync(TopicRecord record) => new(Topic.SaveRecordAsync(epoch, record));

    public ValueTask TrimAsync(long below) => new(Topic.TrimAsync(epoch, below));

    public ValueTask DeleteAsync() => new(Topic.DeleteAsync(epoch));

    public ValueTask DisposeAsync() => new(Topic.CloseAsync(epoch));
}
