using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>Reads a topic that is kept on disk.</summary>
internal class FileTopicReader(FileTopic topic) : ITopicReader
{
    public long Start => topic.Start;

    public long End => topic.End;

    public IReadOnlyList<OffsetRange> Hidden => topic.Record.Hidden;

    protected FileTopic Topic => topic;

    public ValueTask<LogRead> ReadAsync(long from, long to, int maxBytes) => topic.ReadAsync(from, to, maxBytes);

    public ValueTask<LogCount> CountAsync(long from, long to) => topic.CountAsync(from, to);

    public ValueTask<IReadOnlyList<DeferredHeader>> ReadDeferredAsync(long from, long to) => topic.ReadDeferredAsync(from, to);
}
