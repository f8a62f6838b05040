using Broker.Messages;

namespace Broker.Storage.Memory;

/// <summary>Reads a topic that is kept in memory.</summary>
internal class MemoryTopicReader(MemoryTopic topic) : ITopicReader
{
    public long Start => topic.Start;

    public long End => topic.End;

    public IReadOnlyList<OffsetRange> Hidden => topic.Record.Hidden;

    protected MemoryTopic Topic => topic;

    public ValueTask<LogRead> ReadAsync(long from, long to, int maxBytes) => new(topic.Read(from, to, maxBytes));

    public ValueTask<LogCount> CountAsync(long from, long to) => new(topic.Count(from, to));

    public ValueTask<IReadOnlyList<DeferredHeader>> ReadDeferredAsync(long from, long to) => new(topic.Deferred(from, to));
}
