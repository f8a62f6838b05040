using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>One opening of a topic on disk for writing.</summary>
internal sealed class FileTopicLog(FileTopic topic, long epoch, long nextOffset, IReadOnlyDictionary<long, SequenceWindow> sequences)
    : FileTopicReader(topic), ITopicLog
{
    public long Epoch => epoch;

    public int Generation => Topic.Generation;

    public long NextOffset => nextOffset;

    public TopicRecord Record => Topic.Record;

    public IReadOnlyDictionary<long, SequenceWindow> PublisherSequences => sequences;

    public long Bytes => Topic.Bytes;

    public ValueTask AppendAsync(MessageBatch batch, long publisher, long sequence, long lowest = 0) =>
        Topic.AppendAsync(epoch, batch, publisher, sequence, lowest);

    public string? Refusal(int bytes) => Topic.Refusal(bytes);

    public ValueTask VerifyAsync() => Topic.Verify(epoch);

    public ValueTask SaveRecordAsync(TopicRecord record) => Topic.SaveRecordAsync(epoch, record);

    public ValueTask TrimAsync(long below) => Topic.TrimAsync(epoch, below);

    public ValueTask DeleteAsync() => new(Topic.DeleteAsync(epoch));

    public ValueTask DisposeAsync() => new(Topic.CloseAsync(epoch));
}
