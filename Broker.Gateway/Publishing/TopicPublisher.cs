using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Broker.Gateway.Telemetry;
using Broker.Messages;
using Broker.Policies;
using Broker.Protocol;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Broker.Gateway.Publishing;

/// <summary>
/// Where the publishes of all connections to one topic meet. A few calls are under way at once; single messages that come
/// meanwhile gather and become the next batch, so that batches grow with the load and nothing ever sleeps to fill one.
/// </summary>
/// <remarks>
/// Each call carries (publisher, sequence, lowest sequence still open), and is sent again under the same numbers when its outcome is unknown: the
/// log knows of every sequence from the lowest on whether it has the batch. So a retry neither loses nor doubles (design, 2).
/// </remarks>
internal sealed class TopicPublisher : IThreadPoolWorkItem
{
    /// <summary>Greatest batch that single messages gather to, in bytes: what the garbage collector does not take for a large object.</summary>
    public const int MaxGatheredBytes = 64 * 1024;

    /// <summary>Calls under way at once.</summary>
    public const int MaxCalls = 4;

    // What one thread sends for others, at most: it has a connection of its own to serve.
    private const int MaxRounds = 16;

    // A record of this size is not worth a copy to the gathering buffer: it goes as a batch of its own.
    private const int OwnBatchBytes = 16 * 1024;

    // What the topic last said of its limit is kept so long: while it is published to, each answer says it again.
    private static readonly TimeSpan LimitMemory = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private readonly TopicCalls _topic;
    private readonly GatewayOptions _options;
    private readonly GatewayMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly ILogger _logger;
    private readonly long _publisher;
    private readonly PublishPatience _patience;
    private readonly long[] _underWay = new long[MaxCalls];
    private readonly byte[] _name;
    private readonly Queue<PublishCall> _sealed = new();
    private readonly OpenBatch _open = new();
    private readonly OpenBatch _openDeferred = new();
    private TaskCompletionSource? _drained;
    private long _sequence;
    private bool _isSending;
    private int _calls;
    private long _lastUsed;
    private int _maxMessageSize;
    private long _limitLearned;

    /// <param name="topic">Name of the topic.</param>
    /// <param name="grains">Where the topic's grain is found.</param>
    /// <param name="hosted">The topics of this process, which are published to without a call.</param>
    /// <param name="publisher">The number that appends are known by; no other publisher of the topic may ever have it.</param>
    /// <param name="options">Limits.</param>
    /// <param name="metrics">Told how long publishes take.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The gateway's log.</param>
    /// <param name="random">What pauses between tries are shortened by; null for the process's own.</param>
    public TopicPublisher(
        string topic,
        IGrainFactory grains,
        IHostedTopics hosted,
        long publisher,
        GatewayOptions options,
        GatewayMetrics metrics,
        TimeProvider time,
        ILogger logger,
        Random? random = null)
    {
        _metrics = metrics;
        Topic = topic;
        _topic = new TopicCalls(topic, grains.GetGrain<ITopicGrain>(topic), hosted);
        _publisher = publisher;
        _options = options;
        _patience = new PublishPatience(options.PublishSilence);
        _time = time;
        _logger = logger;
        _random = random ?? Random.Shared;
        _name = Encoding.ASCII.GetBytes(topic);
        _lastUsed = time.GetTimestamp();
    }

    /// <summary>Name of the topic.</summary>
    public string Topic { get; }

    /// <summary>The name as clients send it.</summary>
    public ReadOnlySpan<byte> Name => _name;

    /// <summary>Whether this gateway has seen that the topic is there.</summary>
    public bool IsTopicKnown { get; private set; }

    /// <summary>Whether the gateway has let go of it: who still knows it is to ask the gateway again.</summary>
    public bool IsRetired { get; set; }

    /// <summary>
    /// Greatest body in bytes that may be published here as far as is known: the topic's policy may allow less than the gateway. What is not known here the
    /// topic refuses, and all that met in the same append with it.
    /// </summary>
    public int MaxMessageSize =>
        Volatile.Read(ref _maxMessageSize) is > 0 and int limit && _time.GetElapsedTime(Volatile.Read(ref _limitLearned)) < LimitMemory
            ? Math.Min(limit, _options.MaxMsgSize)
            : _options.MaxMsgSize;

    /// <summary>Takes a message; nothing is sent before <see cref="Start"/>.</summary>
    /// <param name="timestamp">Publish time in nanoseconds since the Unix epoch.</param>
    /// <param name="body">The body, copied.</param>
    /// <param name="dueTime">When it is due, in milliseconds since the Unix epoch; null for at once.</param>
    public PublishCall Add(long timestamp, in ReadOnlySequence<byte> body, long? dueTime)
    {
        int size = MessageBatch.RecordHeaderSize + (int)body.Length;
        if (size > OwnBatchBytes)
            return AddOwnBatch(timestamp, body, size, dueTime);

        OpenBatch open = dueTime is null ? _open : _openDeferred;
        lock (_sync)
        {
            if (!open.IsEmpty && open.Length + size > MaxGatheredBytes)
                _sealed.Enqueue(open.Seal());
            return open.Add(timestamp, body, dueTime);
        }
    }

    /// <summary>Takes the messages of an MPUB as one batch: all are appended or none.</summary>
    /// <param name="timestamp">Publish time in nanoseconds since the Unix epoch.</param>
    /// <param name="elements">The MPUB's <c>[int32 length][bytes]</c>, validated.</param>
    /// <param name="count">Number of messages.</param>
    /// <param name="bodyBytes">Sum of their lengths.</param>
    public PublishCall AddMulti(long timestamp, in ReadOnlySequence<byte> elements, int count, int bodyBytes)
    {
        byte[] records = GC.AllocateUninitializedArray<byte>(bodyBytes + (count * MessageBatch.RecordHeaderSize));
        SequenceReader<byte> reader = new(elements);
        int position = 0;
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> unread = reader.UnreadSpan;
            int length;
            if (unread.Length >= sizeof(int) && unread.Length - sizeof(int) >= (length = BinaryPrimitives.ReadInt32BigEndian(unread)))
            {
                MessageBatch.WriteRecord(records.AsSpan(position), timestamp, unread.Slice(sizeof(int), length));
                reader.Advance(sizeof(int) + length);
            }
            else
            {
                reader.TryReadBigEndian(out length);
                OpenBatch.WriteRecord(records.AsSpan(position), timestamp, reader.UnreadSequence.Slice(0, length));
                reader.Advance(length);
            }
            position += MessageBatch.RecordHeaderSize + length;
        }
        return AddBatch(new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = count, Records = records });
    }

    /// <summary>Takes a batch as it is: all of it is appended or nothing.</summary>
    public PublishCall AddBatch(MessageBatch batch)
    {
        PublishCall call = new() { Batch = batch };
        lock (_sync)
        {
            // What came before goes before.
            if (!_open.IsEmpty)
                _sealed.Enqueue(_open.Seal());
            _sealed.Enqueue(call);
        }
        return call;
    }

    /// <summary>Sends what waits, as far as calls are free. While another thread is at it, that one sends this too, as one batch with what else came meanwhile.</summary>
    public void Start()
    {
        lock (_sync)
        {
            if (_isSending)
                return;
            _isSending = true;
        }
        Send();
    }

    /// <summary>Goes on with what another thread has left.</summary>
    void IThreadPoolWorkItem.Execute() => Send();

    /// <summary>Makes the topic if it is not there yet.</summary>
    public async ValueTask CreateTopicAsync()
    {
        try
        {
            TopicReply reply = await _topic.Grain.CreateAsync();
            IsTopicKnown |= reply.IsOk;
        }
        catch (Exception e)
        {
            // What is published next finds out by itself and answers for it.
            _logger.CreateTopicFailed(e, Topic);
        }
    }

    /// <summary>Ends when all that was added has been answered. Nothing may be added any more.</summary>
    public Task DrainAsync()
    {
        Start();
        lock (_sync)
        {
            if (IsIdle)
                return Task.CompletedTask;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    /// <summary>The topic was deleted: the next publish makes it again.</summary>
    public void Forget() => IsTopicKnown = false;

    /// <summary>Somebody is about to use it.</summary>
    public void Use()
    {
        lock (_sync)
            _lastUsed = _time.GetTimestamp();
    }

    /// <summary>Whether nothing was published for at least <paramref name="age"/>.</summary>
    public bool IsUnusedFor(TimeSpan age)
    {
        lock (_sync)
            return IsIdle && _time.GetElapsedTime(_lastUsed) >= age;
    }

    private void Send()
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            if (!TryTake(out PublishCall? call, out PublishRequest? request))
                return;
            _ = SendAsync(call, request);
        }
        if (SynchronizationContext.Current is { } context)
            context.Post(static publisher => ((TopicPublisher)publisher!).Send(), this);
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private bool IsIdle => _calls == 0 && _sealed.Count == 0 && _open.IsEmpty && _openDeferred.IsEmpty;

    private PublishCall AddOwnBatch(long timestamp, in ReadOnlySequence<byte> body, int size, long? dueTime)
    {
        byte[] records = GC.AllocateUninitializedArray<byte>(size);
        OpenBatch.WriteRecord(records, timestamp, body);
        return AddBatch(new MessageBatch
        {
            BaseOffset = MessageBatch.Unassigned,
            Count = 1,
            Records = records,
            DueTimes = dueTime is long due ? [due] : null,
        });
    }

    // When there is nothing to take, nobody is sending any more.
    private bool TryTake([NotNullWhen(true)] out PublishCall? call, [NotNullWhen(true)] out PublishRequest? request)
    {
        call = null;
        request = null;
        lock (_sync)
        {
            _isSending = false;
            int slot = Array.IndexOf(_underWay, 0);
            long sequence = _sequence + 1;
            long lowest = LowestUnderWay(sequence);
            // The log tells apart no more than so many: while one call stays without an answer, the others wait.
            if (slot < 0 || sequence - lowest >= PublishRequest.MaxSpread)
                return false;
            if (!_sealed.TryDequeue(out call))
                call = !_open.IsEmpty ? _open.Seal() : !_openDeferred.IsEmpty ? _openDeferred.Seal() : null;
            if (call is null)
                return false;
            _isSending = true;
            _calls++;
            _underWay[slot] = _sequence = sequence;
            request = new PublishRequest { Publisher = _publisher, Sequence = sequence, Lowest = lowest, Batch = call.Batch! };
            return true;
        }
    }

    private long LowestUnderWay(long lowest)
    {
        foreach (long sequence in _underWay)
        {
            if (sequence > 0)
                lowest = Math.Min(lowest, sequence);
        }
        return lowest;
    }

    private async Task SendAsync(PublishCall call, PublishRequest request)
    {
        long start = _metrics.PublishStart;
        ValueTask<TopicReply> answer = new PublishAttempts(_topic, request, _patience, _options, _time, _random, _logger).RunAsync();
        bool wasInline = answer.IsCompleted;
        TopicReply reply = await answer;
        _metrics.Published(start);
        IsTopicKnown |= reply.IsOk;
        Learn(reply);
        call.Complete(reply);
        TaskCompletionSource? drained = null;
        lock (_sync)
        {
            _calls--;
            _underWay.AsSpan().Replace(request.Sequence, 0);
            _lastUsed = _time.GetTimestamp();
            if (IsIdle)
                drained = _drained;
        }
        drained?.TrySetResult();
        // The loop that sent an inline call goes on by itself.
        if (!wasInline)
            Start();
    }

    private void Learn(in TopicReply reply)
    {
        if ((reply.MaxMessageSize == 0 && _maxMessageSize == 0) || reply.Status is not (TopicStatus.Ok or TopicStatus.TooBig or TopicStatus.TooMany))
            return;
        Volatile.Write(ref _limitLearned, _time.GetTimestamp());
        Volatile.Write(ref _maxMessageSize, reply.MaxMessageSize);
    }
}
