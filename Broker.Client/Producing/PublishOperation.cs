using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace Broker.Client;

/// <summary>
/// A publish under way, and the task that its caller awaits. Used again and again: it goes back to the producer when both
/// the caller and the connection are done with it.
/// </summary>
internal sealed class PublishOperation(NsqProducer producer) : IValueTaskSource, IThreadPoolWorkItem
{
    private ManualResetValueTaskSourceCore<bool> _core;
    private Exception? _failure;
    private CancellationTokenRegistration _cancellation;
    private CancellationToken _token;
    private int _completed;
    private int _holders;
    private ReadOnlyMemory<byte> _body;
    private ReadOnlyMemory<byte>[] _bodies = [];
    private TimeSpan _delay;
    private Activity? _activity;

    public PublishKind Kind { get; private set; }

    public string Topic { get; private set; } = "";

    /// <summary>When it was called, as a timestamp of the clock.</summary>
    public long Begun { get; private set; }

    /// <summary>Whether a server may have it. Owned by the producer's lock.</summary>
    public bool WasSent { get; set; }

    public bool IsCompleted => Volatile.Read(ref _completed) != 0;

    public ValueTask Task => new(this, _core.Version);

    private int Count => Kind == PublishKind.Many ? _bodies.Length : 1;

    public void Begin(PublishKind kind, string topic, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte>[] bodies, TimeSpan delay, long now)
    {
        _core.Reset();
        _completed = 0;
        _failure = null;
        _holders = 2;
        _body = body;
        _bodies = bodies;
        _delay = delay;
        Kind = kind;
        Topic = topic;
        Begun = now;
        WasSent = false;
        if (kind != PublishKind.Ping) _activity = ClientTelemetry.StartPublish(topic, Count);
    }

    /// <summary>Completes the task when cancelled. Called once it waits for an answer.</summary>
    public void CancelWith(CancellationToken cancellation)
    {
        if (!cancellation.CanBeCanceled) return;
        _token = cancellation;
        _cancellation = cancellation.UnsafeRegister(
            static operation => ((PublishOperation)operation!).Complete(new OperationCanceledException(((PublishOperation)operation)._token)), this);
    }

    /// <summary>Writes the command. Under the producer's lock.</summary>
    public void WriteTo(NsqConnection connection)
    {
        switch (Kind)
        {
            case PublishKind.One:
                connection.Commands.Publish(Topic, _body.Span);
                break;
            case PublishKind.Many:
                connection.Commands.Publish(Topic, _bodies);
                break;
            case PublishKind.Deferred:
                connection.Commands.Publish(Topic, _delay, _body.Span);
                break;
            default:
                connection.Commands.Nop();
                break;
        }
    }

    /// <summary>Ends the caller's waiting; the first end counts.</summary>
    public void Complete(Exception? failure)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0) return;
        if (Kind != PublishKind.Ping)
        {
            producer.Measure(Topic, Count, Begun, failure);
            ClientTelemetry.Stop(_activity, failure);
            _activity = null;
        }
        _failure = failure;
        // What awaits must not run on the read loop, nor under the producer's lock. As a work item of its own the operation
        // gets there without an allocation, unlike by RunContinuationsAsynchronously.
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_failure is null) _core.SetResult(true);
        else _core.SetException(_failure);
    }

    /// <summary>The caller, or the connection, is done with it.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) != 0) return;
        _body = default;
        _bodies = [];
        producer.Return(this);
    }

    public void GetResult(short token)
    {
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            // Waits for a cancellation that is running at this moment, which must not meet the next use.
            _cancellation.Dispose();
            _cancellation = default;
            Release();
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
