using System.Collections.Concurrent;
using Broker.Client;
using Broker.Orleans.Streaming.Envelopes;
using Broker.Orleans.Streaming.Watching;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>
/// A queue while it is with this silo: a subscription that is always on, and the messages it brought until they are answered. A pulling
/// agent that asks for messages waits here until there are some, so that nothing has to be polled for.
/// </summary>
/// <remarks>
/// All but the subscription's handler and the touching runs in the agent's turns. What the agent holds is in flight at the server, so RDY
/// bounds it.
/// </remarks>
internal sealed class QueueReceiver : IQueueAdapterReceiver, IDisposable
{
    /// <summary>How long an agent waits at most, since it has other things to see to now and then.</summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private readonly QueueSource _source;
    private readonly QueueCache _cache;
    private readonly BrokerAccess _access;
    private readonly BrokerPresence _presence;
    private readonly QueueCountCheck _check;
    private readonly FailedMessages _failed;
    private readonly Envelope _envelope;
    private readonly EventBodies _bodies;
    private readonly TimeProvider _time;
    private readonly int _size;
    private readonly WakeSignal _wake;
    private readonly ConcurrentQueue<NsqMessage> _received = new();
    private readonly ConcurrentDictionary<MessageKey, HeldMessage> _held = new();
    private readonly RecentMessages _finished;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _touching;
    private readonly Lock _gate = new();
    private NsqConsumer? _consumer;
    private long _touchInterval;
    private long _number;

    public QueueReceiver(
        QueueSource source,
        BrokerStreamOptions options,
        int batchSize,
        BrokerAccess access,
        BrokerPresence presence,
        QueueCountCheck check,
        FailedMessages failed,
        EventBodies bodies,
        TimeProvider time)
    {
        _source = source;
        _access = access;
        _presence = presence;
        _check = check;
        _failed = failed;
        _bodies = bodies;
        _envelope = new Envelope(bodies);
        _time = time;
        _size = options.CacheSize;
        _wake = new WakeSignal(time);
        _cache = new QueueCache(batchSize, time, _wake.Set);
        _finished = new RecentMessages(4 * _size);
        _touching = time.CreateTimer(static receiver => ((QueueReceiver)receiver!).Touch(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        // Later than what any silo gave before, so that subscribers who look at numbers see them grow when the queue moves.
        _number = time.GetUtcNow().UtcTicks;
    }

    public IQueueCache Cache => _cache;

    /// <summary>Whether the queue was given up.</summary>
    public bool IsEnded => _stopping.IsCancellationRequested;

    /// <summary>Messages that are held now.</summary>
    public int Held => _held.Count;

    /// <summary>Starts to receive, without waiting for the broker.</summary>
    public Task Initialize(TimeSpan timeout)
    {
        _ = SubscribeAsync();
        return Task.CompletedTask;
    }

    public Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount) => GetQueueMessagesAsync(maxCount, CancellationToken.None);

    public async Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount, CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (HeldMessage passed in _cache.TakePassed()) Settle(passed);
            List<IBatchContainer> batches = Take(maxCount < 0 ? int.MaxValue : maxCount);
            if (batches.Count > 0 || !await _wake.WaitAsync(LongestWait, cancellationToken)) return batches;
        }
    }

    public Task MessagesDeliveredAsync(IList<IBatchContainer> messages)
    {
        foreach (IBatchContainer events in messages) Settle(((EventBatch)events).Source!);
        return Task.CompletedTask;
    }

    public Task MessagesDeliveredAsync(IList<IBatchContainer> messages, CancellationToken cancellationToken) => MessagesDeliveredAsync(messages);

    /// <summary>Gives the queue up: what is not handled goes back to the broker for the silo that has it next.</summary>
    public async Task Shutdown(TimeSpan timeout)
    {
        NsqConsumer? consumer = End();
        if (consumer is null) return;
        foreach (HeldMessage held in _held.Values.OrderBy(held => held.Key.Published).ThenBy(held => held.Key.Id, StringComparer.Ordinal))
            held.Delivery.Requeue(TimeSpan.Zero);
        while (_received.TryDequeue(out NsqMessage message)) message.Requeue(TimeSpan.Zero);
        StreamTelemetry.Held(_source.Topic, -_held.Count);
        _held.Clear();
        using CancellationTokenSource limit = new(timeout, _time);
        await consumer.StopAsync(limit.Token);
        _presence.OnGone(_source.Topic);
    }

    /// <summary>Closes the connection without a word; the broker takes back what is in flight.</summary>
    public void Dispose()
    {
        if (End() is not { } consumer) return;
        StreamTelemetry.Held(_source.Topic, -_held.Count);
        consumer.Dispose();
        _presence.OnGone(_source.Topic);
    }

    private NsqConsumer? End()
    {
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested) return null;
            _stopping.Cancel();
            _touching.Dispose();
            return _consumer;
        }
    }

    private async Task SubscribeAsync()
    {
        if (_source.Foreign is null && !await _check.PassesAsync(_stopping.Token).ConfigureAwait(false)) return;
        NsqConsumer consumer;
        lock (_gate)
        {
            if (_stopping.IsCancellationRequested) return;
            consumer = _consumer = _access.CreateConsumer(_source.Topic, _source.Channel, _size);
        }
        try
        {
            // The handler only takes note. The message is answered when its subscriptions have handled it.
            await consumer.StartAsync(Receive).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // Given up before it had begun.
        }

        ValueTask Receive(NsqMessage message, CancellationToken cancellation)
        {
            if (_stopping.IsCancellationRequested)
            {
                message.Requeue(TimeSpan.Zero);
                return default;
            }
            KeepTouching(message.Timeout);
            _received.Enqueue(message);
            _wake.Set();
            return default;
        }
    }

    private List<IBatchContainer> Take(int count)
    {
        List<IBatchContainer> batches = [];
        int added = 0;
        while (batches.Count < count && _received.TryDequeue(out NsqMessage message))
        {
            MessageKey key = MessageKey.Of(message);
            if (_held.TryGetValue(key, out HeldMessage? held))
            {
                // It timed out at the server or its connection broke while it is still with the subscriptions here.
                held.Delivery = message;
                StreamTelemetry.Count(_source.Topic, "repeated");
                continue;
            }
            if (_finished.Contains(key))
            {
                message.Finish();
                StreamTelemetry.Count(_source.Topic, "repeated");
                continue;
            }
            held = new HeldMessage(key, message);
            _held[key] = held;
            added++;
            if (TryRead(held)) batches.Add(held.Events!);
        }
        if (added > 0)
        {
            for (int i = 0; i < added; i++) StreamTelemetry.Count(_source.Topic, "received");
            StreamTelemetry.Held(_source.Topic, added);
        }
        return batches;
    }

    private bool TryRead(HeldMessage held)
    {
        NsqMessage message = held.Delivery;
        try
        {
            (StreamId stream, EventBody body) = _source.Read(message.Body, _envelope);
            held.Events = new EventBatch(stream, new BrokerSequenceToken(++_number, message.Id, message.Attempts), body, _bodies, held);
            return true;
        }
        catch (MalformedEnvelopeException e)
        {
            _ = EndAsync(held, e.Message);
            return false;
        }
    }

    private void Settle(HeldMessage held)
    {
        if (held.HasFailed)
        {
            _ = EndAsync(held, $"a subscription of {held.Events!.StreamId} failed to handle it");
            return;
        }
        // Remembered before: a FIN over a connection that is gone is as good as none, and the message comes again.
        _finished.Add(held.Key);
        Release(held);
        held.Delivery.Finish();
        StreamTelemetry.Count(_source.Topic, "finished");
    }

    private Task EndAsync(HeldMessage held, string reason) => _failed.EndAsync(held, _source.Topic, reason, Release);

    private void Release(HeldMessage held)
    {
        if (_held.TryRemove(held.Key, out _)) StreamTelemetry.Held(_source.Topic, -1);
    }

    private void KeepTouching(TimeSpan timeout)
    {
        long interval = timeout.Ticks / 3;
        if (Interlocked.Exchange(ref _touchInterval, interval) == interval) return;
        _touching.Change(TimeSpan.FromTicks(interval), TimeSpan.FromTicks(interval));
    }

    private void Touch()
    {
        foreach (HeldMessage held in _held.Values) held.Delivery.Touch();
        foreach (NsqMessage message in _received) message.Touch();
    }
}
