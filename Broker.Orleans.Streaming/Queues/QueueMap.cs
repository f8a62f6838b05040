using System.Text;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>Which queue a stream is in, and which topic a queue is.</summary>
internal sealed class QueueMap : IConsistentRingStreamQueueMapper
{
    private readonly QueueId[] _queues;
    private readonly QueueId[] _all;
    private readonly Dictionary<QueueId, QueueSource> _sources = [];
    private readonly Dictionary<string, (QueueId Queue, BrokerTopicStream Topic)> _foreign = [];

    public QueueMap(string prefix, string channel, BrokerStreamOptions options)
    {
        List<QueueId> all = [];
        int count = Math.Max(options.QueueCount, options.FormerQueueCount);
        BrokerTopicStream[] received = [.. options.Topics.Where(topic => topic.Receive)];
        for (int i = 0; i < count; i++) all.Add(Add(prefix, i, new QueueSource($"{prefix}.{i}", channel, null)));
        _queues = [.. all.Take(options.QueueCount)];
        foreach (BrokerTopicStream topic in options.Topics)
        {
            QueueId queue = Add(topic.Topic, count + _foreign.Count, new QueueSource(topic.Topic, topic.Channel ?? channel, topic));
            _foreign.Add(topic.EffectiveNamespace, (queue, topic));
            if (topic.Receive) all.Add(queue);
        }
        _all = [.. all];

        // Spread evenly over the ring that silos share, all that are received from.
        QueueId Add(string name, int number, QueueSource source)
        {
            uint hash = (uint)((uint.MaxValue / (ulong)(count + received.Length + 1) * (ulong)number) & uint.MaxValue);
            QueueId queue = QueueId.GetQueueId(name, (uint)number, hash);
            _sources.Add(queue, source);
            return queue;
        }
    }

    public IEnumerable<QueueId> GetAllQueues() => _all;

    public IEnumerable<QueueId> GetQueuesForRange(IRingRange range) => _all.Where(queue => range.InRange(queue.GetUniformHashCode()));

    public QueueId GetQueueForStream(StreamId streamId) =>
        ForeignOf(streamId) is { } foreign ? _foreign[foreign.EffectiveNamespace].Queue : _queues[(uint)streamId.GetHashCode() % (uint)_queues.Length];

    public QueueSource SourceOf(QueueId queue) => _sources[queue];

    /// <summary>The topic of other programs that a stream is of; null for one of the provider's own.</summary>
    public BrokerTopicStream? ForeignOf(StreamId streamId) =>
        _foreign.Count > 0 && _foreign.TryGetValue(Encoding.UTF8.GetString(streamId.Namespace.Span), out (QueueId Queue, BrokerTopicStream Topic) entry)
            ? entry.Topic
            : null;
}
