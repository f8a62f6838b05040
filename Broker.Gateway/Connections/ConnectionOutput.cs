using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Broker.Gateway.Consuming;
using Broker.Gateway.Timing;
using Broker.Gateways;
using Broker.Messages;
using Broker.Protocol;
using Broker.Telemetry;

namespace Broker.Gateway.Connections;

/// <summary>
/// What a connection sends. Replies, heartbeats and messages are queued by whoever has them; whoever finds the output idle
/// becomes its writer, writes all that is queued straight into the pipe and flushes by the rules of spec 1.10.
/// </summary>
/// <remarks>
/// A flush ends when the transport has taken the bytes below its own limit, so a client that does not read holds up the writer
/// here, and through the window (the bytes flushed are what is given back) the channel.
/// </remarks>
internal sealed class ConnectionOutput : WheelEntry, IThreadPoolWorkItem
{
    // A body goes into the pipe in pieces: a message of a megabyte must not be copied to a client that does not read.
    private const int PieceBytes = 64 * 1024;

    // A queue that once grew longer than this is not kept.
    private const int KeptRuns = 64;

    private readonly Lock _sync = new();
    private readonly NsqConnection _connection;
    private readonly TimerWheel _wheel;
    private readonly MessageTraces _traces;
    private readonly TimeProvider _time;
    private PipeWriter _pipe;
    private Queue<DeliveryRun>? _runs;
    private ReplyBuffer _replies;
    private TaskCompletionSource? _repliesSent;
    private TaskCompletionSource? _stopped;
    private TaskCompletionSource<bool>? _holding;
    private bool _heartbeatDue;
    private bool _flushDue;
    private bool _busy;
    private bool _closed;
    private long _flushStarted = -1;

    // From here on: the writer's alone.
    private DeliveryRun _run;
    private int _bodyPosition;
    private int _bodyLeft;
    private int _unflushed;
    private long _unflushedBodies;
    private long _lastWritten;
    private bool _flushNow;
    private long _messages;
    private long _sent;
    private List<(long Offset, ushort Attempts, DateTimeOffset Start)>? _traced;

    /// <param name="connection">Whose output it is.</param>
    /// <param name="services">What the gateway's connections share.</param>
    /// <param name="pipe">Where frames go.</param>
    public ConnectionOutput(NsqConnection connection, GatewayServices services, PipeWriter pipe)
    {
        _connection = connection;
        _wheel = services.Wheel;
        _traces = services.Traces;
        _time = services.Time;
        _pipe = pipe;
    }

    /// <summary>Messages written.</summary>
    public long Messages => Interlocked.Read(ref _messages);

    /// <summary>Bytes of frames written.</summary>
    public long SentBytes => Volatile.Read(ref _sent);

    /// <summary>
    /// Position of the consumer's stream (<see cref="DeliveryRun.Sent"/>) up to which the transport took its messages; what lies beyond never reached
    /// the socket. To be asked when nobody writes any more.
    /// </summary>
    public long WrittenUpTo { get; private set; }

    /// <summary>Queues messages; never waits.</summary>
    /// <param name="run">The messages.</param>
    /// <param name="size">Bytes that their records take.</param>
    public void Enqueue(in DeliveryRun run, int size)
    {
        lock (_sync)
        {
            if (_closed)
                return;
            // What waits for a client that does not read must not hold whole batches, of which it may be a small part.
            bool mayWaitLong = _flushStarted >= 0 && size < run.Batch.Records.Length / 2;
            (_runs ??= new Queue<DeliveryRun>()).Enqueue(mayWaitLong ? Detached(run, size) : run);
        }
        Wake();
    }

    /// <summary>Sends a heartbeat as soon as no frame is half-written.</summary>
    public void Heartbeat()
    {
        lock (_sync)
            _heartbeatDue = true;
        Wake();
    }

    /// <summary>Flushes what is in the buffer, because a consumer will get no more for now.</summary>
    public void Flush()
    {
        lock (_sync)
            _flushDue = true;
        Wake();
    }

    /// <summary>Sends replies; ends when they have been flushed.</summary>
    public ValueTask SendAsync(ref ReplyBuffer replies)
    {
        lock (_sync)
        {
            if (_closed)
            {
                replies.Clear();
                return default;
            }
            _replies.Take(ref replies);
            if (_busy)
            {
                _repliesSent ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return new ValueTask(_repliesSent.Task);
            }
            _busy = true;
        }
        return WriteAsync(untilFlushed: true);
    }

    /// <summary>Waits until all is sent, and then sends nothing until <see cref="Resume"/>; what comes meanwhile is queued.</summary>
    /// <returns>False when nothing can be sent any more; then there is nothing to resume.</returns>
    public ValueTask<bool> HoldAsync()
    {
        lock (_sync)
        {
            if (_closed)
                return new ValueTask<bool>(false);
            if (_busy)
            {
                _holding = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
                return new ValueTask<bool>(_holding.Task);
            }
            _busy = true;
            return new ValueTask<bool>(true);
        }
    }

    /// <summary>Goes on sending, into what the connection has become.</summary>
    public void Resume(PipeWriter pipe)
    {
        _pipe = pipe;
        // Whoever held the output was its writer; the queue hands over what was set.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Nothing is sent any more; what is queued is dropped. Ends when nobody writes any more.</summary>
    /// <returns>False when a flush hung: only aborting the connection gets rid of what the pipe holds.</returns>
    public async ValueTask<bool> CloseAsync()
    {
        TaskCompletionSource? repliesSent;
        TaskCompletionSource? stopped = null;
        bool hung;
        lock (_sync)
        {
            _closed = true;
            _runs = null;
            _replies.Clear();
            (repliesSent, _repliesSent) = (_repliesSent, null);
            hung = _flushStarted >= 0;
            if (_busy)
                stopped = _stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        repliesSent?.TrySetResult();
        if (stopped is not null)
        {
            _pipe.CancelPendingFlush();
            await stopped.Task;
        }
        _wheel.Cancel(this);
        return !hung;
    }

    /// <inheritdoc/>
    protected internal override void OnDue()
    {
        bool hangs;
        lock (_sync)
        {
            if (_closed)
                return;
            long limit = _connection.Settings.HeartbeatInterval;
            hangs = _flushStarted >= 0 && limit > 0 && _wheel.Now - _flushStarted >= limit;
        }
        if (hangs)
            _connection.AbortBlockedWrite();
        else
            Flush();
    }

    void IThreadPoolWorkItem.Execute() => _ = WriteAsync(untilFlushed: false);

    private static DeliveryRun Detached(in DeliveryRun run, int size) => run with
    {
        Position = 0,
        Batch = new MessageBatch
        {
            BaseOffset = run.FirstOffset,
            Count = run.Count,
            Records = run.Batch.Records.AsSpan(run.Position, size).ToArray(),
        },
    };

    private void Wake()
    {
        lock (_sync)
        {
            if (_busy || _closed)
                return;
            _busy = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Writes until nothing is queued; the caller has set <see cref="_busy"/>.</summary>
    /// <param name="untilFlushed">For a reader that has its own socket to serve: after one flush the rest is for somebody else.</param>
    private async ValueTask WriteAsync(bool untilFlushed)
    {
        bool flushed = false;
        try
        {
            while (TakeWork())
            {
                if (flushed && untilFlushed && !_flushNow)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                    return;
                }
                WriteRun();
                if (!MustFlush())
                    continue;
                if (!await FlushAsync())
                {
                    _connection.Close();
                    Stop();
                    return;
                }
                flushed = true;
            }
        }
        catch (Exception e)
        {
            _connection.Fail(e);
            Stop();
        }
    }

    /// <summary>The pipe takes nothing any more: nobody is to write again.</summary>
    private void Stop()
    {
        TaskCompletionSource? repliesSent;
        lock (_sync)
        {
            _closed = true;
            _runs = null;
            (repliesSent, _repliesSent) = (_repliesSent, null);
            _busy = false;
            _stopped?.TrySetResult();
            _holding?.TrySetResult(false);
            _holding = null;
        }
        repliesSent?.TrySetResult();
    }

    /// <summary>Takes what is next; when there is nothing, the output is idle and has no writer any more.</summary>
    private bool TakeWork()
    {
        lock (_sync)
        {
            if (_closed)
            {
                _busy = false;
                _stopped?.TrySetResult();
                return false;
            }
            if (_bodyLeft > 0)
                return true;
            if (!_replies.IsEmpty)
            {
                Write(_replies.Bytes);
                _replies.Clear();
                _flushNow = true;
            }
            if (_heartbeatDue)
            {
                _heartbeatDue = false;
                Write(Frame.Heartbeat);
                _flushNow = true;
            }
            if (_flushDue)
            {
                _flushDue = false;
                _flushNow = _unflushed > 0 || _flushNow;
            }
            if (_run.Count == 0 && _runs is not null && !_runs.TryDequeue(out _run) && _runs.Capacity > KeptRuns)
                _runs = null;
            if (_run.Count > 0 || _flushNow)
                return true;
            if (_unflushed > 0)
            {
                if (_connection.Consumer is not { IsReady: true })
                {
                    _flushNow = true;
                    return true;
                }
                long timeout = _connection.Delivery.OutputBufferTimeout;
                if (timeout > 0 && !IsLinked)
                    _wheel.Schedule(this, timeout);
            }
            if (_holding is not null)
            {
                _holding.TrySetResult(true);
                _holding = null;
                return false;
            }
            _busy = false;
            return false;
        }
    }

    private bool MustFlush() => _unflushed >= _connection.Settings.OutputBufferSize || (_flushNow && _run.Count == 0 && HasNoRun());

    private bool HasNoRun()
    {
        lock (_sync)
            return _runs is not { Count: > 0 };
    }

    private async ValueTask<bool> FlushAsync()
    {
        TaskCompletionSource? repliesSent = null;
        if (_flushNow)
        {
            lock (_sync)
            {
                // Those that are still queued wait for the next flush.
                if (_replies.IsEmpty)
                    (repliesSent, _repliesSent) = (_repliesSent, null);
            }
        }
        long bodies = _unflushedBodies;
        Volatile.Write(ref _sent, _sent + _unflushed);
        _unflushed = 0;
        _unflushedBodies = 0;
        _flushNow = false;
        long before = WrittenUpTo;
        WrittenUpTo = PositionInStream;
        ValueTask<FlushResult> flush = _pipe.FlushAsync();
        FlushResult result;
        if (flush.IsCompleted)
        {
            result = flush.Result;
        }
        else
        {
            BeginWait();
            try
            {
                result = await flush;
            }
            finally
            {
                EndWait();
            }
        }
        repliesSent?.TrySetResult();
        if (result.IsCompleted)
        {
            // The transport had ended before: it took nothing of this.
            WrittenUpTo = before;
            return false;
        }
        if (result.IsCanceled)
            return false;
        if (_traced is not null)
            TraceDeliveries();
        if (bodies > 0)
            _connection.GiveBackWindow(bodies);
        return true;
    }

    // A message counts as soon as it was begun.
    private long PositionInStream => _run.Count == 0
        ? _lastWritten
        : _run.Sent - _run.MeasureRecords() + (_run.Count * MessageBatch.RecordHeaderSize);

    private void BeginWait()
    {
        lock (_sync)
            _flushStarted = _wheel.Now;
        long limit = _connection.Settings.HeartbeatInterval;
        if (limit > 0)
            _wheel.Schedule(this, limit);
    }

    private void EndWait()
    {
        lock (_sync)
            _flushStarted = -1;
        _wheel.Cancel(this);
    }

    /// <summary>Writes of the current run as much as the buffer takes.</summary>
    private void WriteRun()
    {
        int limit = _connection.Settings.OutputBufferSize;
        while (_unflushed < limit)
        {
            if (_bodyLeft > 0)
            {
                WriteBody(Math.Max(limit, PieceBytes));
                continue;
            }
            if (_run.Count == 0)
                return;
            WriteMessages(limit);
        }
    }

    /// <summary>Writes messages, as many as one block of the pipe takes; begins the next if it is too large for any.</summary>
    private void WriteMessages(int limit)
    {
        byte[] records = _run.Batch.Records;
        ulong prefix = _connection.IdPrefix;
        int position = _run.Position;
        long offset = _run.FirstOffset;
        int left = _run.Count;
        ushort attempts = _run.Attempts;

        Span<byte> block = _pipe.GetSpan(MessageFrame.HeaderSize);
        int room = Math.Min(block.Length, limit - _unflushed + MessageFrame.HeaderSize);
        int written = 0;
        long bodies = 0;
        while (left > 0 && block.Length - written >= MessageFrame.HeaderSize && written < room)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(records.AsSpan(position));
            long timestamp = BinaryPrimitives.ReadInt64BigEndian(records.AsSpan(position + sizeof(int)));
            MessageFrame.WriteHeader(block[written..], timestamp, attempts, MessageId.Of(prefix, offset), length);
            written += MessageFrame.HeaderSize;
            position += MessageBatch.RecordHeaderSize;
            int fits = Math.Min(length, block.Length - written);
            records.AsSpan(position, fits).CopyTo(block[written..]);
            written += fits;
            bodies += fits;
            _messages++;
            left--;
            offset++;
            position += length;
            if (fits < length)
            {
                _bodyLeft = length - fits;
                _bodyPosition = position - _bodyLeft;
                break;
            }
        }
        _pipe.Advance(written);
        _unflushed += written;
        _unflushedBodies += bodies;
        if (_traces.IsOn)
            NoteTraced(_run.FirstOffset, offset, attempts);
        if (left == 0)
            _lastWritten = _run.Sent;
        // The batch is let go with its last message, unless a part of that is left.
        _run = left == 0 && _bodyLeft == 0 ? default : _run with { Position = position, FirstOffset = offset, Count = left };
    }

    private void NoteTraced(long from, long end, ushort attempts)
    {
        foreach (long offset in _traces.Among(from, end))
            (_traced ??= []).Add((offset, attempts, _time.GetUtcNow()));
    }

    private void TraceDeliveries()
    {
        foreach ((long offset, ushort attempts, DateTimeOffset start) in _traced!)
            _connection.TraceDelivery(offset, attempts, start);
        _traced = null;
    }

    /// <summary>Writes of a body that did not fit as much as may be unflushed.</summary>
    private void WriteBody(int limit)
    {
        int size = Math.Min(_bodyLeft, Math.Max(limit - _unflushed, 1));
        Write(_run.Batch.Records.AsSpan(_bodyPosition, size));
        _unflushedBodies += size;
        _bodyPosition += size;
        _bodyLeft -= size;
        if (_bodyLeft == 0 && _run.Count == 0)
            _run = default;
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _pipe.Write(bytes);
        _unflushed += bytes.Length;
    }
}
