using System.Collections.Concurrent;
using Broker.Client;
using Broker.Orleans.Streaming.Envelopes;
using Broker.Orleans.Streaming.Watching;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>A provider's queues: publishes for producers, and gives pulling agents their receivers.</summary>
internal sealed class BrokerQueueAdapter : IQueueAdapter, IQueueAdapterCache, IDisposable
{
    private readonly BrokerStreamOptions _options;
    private readonly QueueMap _map;
    private readonly int _batchSize;
    private readonly EventBodies _bodies;
    private readonly Envelope _envelope;
    private readonly BrokerAccess _access;
    private readonly NsqProducer? _producer;
    private readonly QueueCountCheck _check;
    private readonly FailedMessages _failed;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<QueueId, QueueReceiver> _receivers = new();

    public BrokerQueueAdapter(
        string provider,
        string prefix,
        string channel,
        BrokerStreamOptions options,
        QueueMap map,
        int batchSize,
        EventBodies bodies,
        BrokerPresence presence,
        ILoggerFactory loggers,
        TimeProvider time)
    {
        Name = provider;
        Presence = presence;
        _options = options;
        _map = map;
        _batchSize = batchSize;
        _bodies = bodies;
        _envelope = new Envelope(bodies);
        _time = time;
        ILogger logger = loggers.CreateLogger<BrokerQueueAdapter>();
        _access = new BrokerAccess(options, presence, loggers, time);
        _producer = options.Addresses.Count == 0 ? null : _access.CreateProducer();
        _failed = new FailedMessages(options, options.DeadLetterTopic ?? prefix + ".dead", _producer, logger);
        _check = new QueueCountCheck(provider, prefix, channel, options, _access, _producer, presence, logger, time);
    }

    public string Name { get; }

    public BrokerPresence Presence { get; }

    /// <summary>A queue cannot be read again from where one was.</summary>
    public bool IsRewindable => false;

    public StreamProviderDirection Direction => _producer is null ? StreamProviderDirection.ReadOnly : StreamProviderDirection.ReadWrite;

    /// <summary>Messages that are held in this process.</summary>
    public int Held => _receivers.Values.Sum(receiver => receiver.Held);

    /// <summary>Publishes events as one message, and completes when the broker has it.</summary>
    public async Task QueueMessageBatchAsync<T>(
        StreamId streamId, IEnumerable<T> events, StreamSequenceToken? token, Dictionary<string, object>? requestContext)
    {
        if (token is not null)
            throw new ArgumentException("The broker gives messages their places, so a producer's sequence token cannot be kept: pass null.", nameof(token));
        if (_producer is null)
        {
            throw new InvalidOperationException(
                $"Stream provider \"{Name}\" only receives: set {nameof(BrokerStreamOptions.Addresses)} to the host:port of a broker to publish to.");
        }
        string topic = _map.SourceOf(_map.GetQueueForStream(streamId)).Topic;
        if (_map.ForeignOf(streamId) is null)
        {
            await _producer.PublishAsync(topic, _envelope.Write(_options.Format, streamId, events, requestContext)).ConfigureAwait(false);
            return;
        }
        ReadOnlyMemory<byte>[] bodies = [.. events.Select(EventBodies.WritePlain)];
        if (bodies.Length == 1) await _producer.PublishAsync(topic, bodies[0]).ConfigureAwait(false);
        else if (bodies.Length > 1) await _producer.PublishAsync(topic, bodies).ConfigureAwait(false);
    }

    public IQueueCache CreateQueueCache(QueueId queueId) => ReceiverOf(queueId).Cache;

    public IQueueAdapterReceiver CreateReceiver(QueueId queueId) => ReceiverOf(queueId);

    public void Dispose()
    {
        foreach (QueueReceiver receiver in _receivers.Values) receiver.Dispose();
        _producer?.Dispose();
    }

    // An agent asks for the cache first and for the receiver then; both begin anew when the queue comes back to this silo.
    private QueueReceiver ReceiverOf(QueueId queue) => _receivers.AddOrUpdate(
        queue,
        static (queue, adapter) => adapter.NewReceiver(queue),
        static (queue, old, adapter) => old.IsEnded ? adapter.NewReceiver(queue) : old,
        this);

    private QueueReceiver NewReceiver(QueueId queue) =>
        new(_map.SourceOf(queue), _options, _batchSize, _access, Presence, _check, _failed, _bodies, _time);
}
