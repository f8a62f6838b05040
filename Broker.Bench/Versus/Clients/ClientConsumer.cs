using Broker.Bench.Load;
using Broker.Bench.Measuring;

namespace Broker.Bench.Versus.Clients;

/// <summary>A connection of a client library that acknowledges every message it gets.</summary>
internal sealed class ClientConsumer(IClientConsumer consumer, RunControl run, LoadPlan plan) : IConsuming, IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly bool _limited = plan.Work == Work.Consume;
    private Task _work = Task.CompletedTask;
    private long _messages;
    private long _bytes;
    private long _redelivered;
    private long _lastMessageAt;

    public long Messages => Volatile.Read(ref _messages);

    public long Bytes => Volatile.Read(ref _bytes);

    public long Redelivered => Volatile.Read(ref _redelivered);

    // A refusal ends the run: no library here tells of one without failing.
    public long Failed => 0;

    public long LastMessageAt => Volatile.Read(ref _lastMessageAt);

    public LatencyHistogram Deliveries { get; } = new();

    public void Start() => _work = Task.Run(ConsumeAsync);

    public Task StopAsync()
    {
        _stop.Cancel();
        return _work;
    }

    public async ValueTask DisposeAsync()
    {
        await consumer.DisposeAsync();
        _stop.Dispose();
    }

    private async Task ConsumeAsync()
    {
        try
        {
            await consumer.ConsumeAsync(Take, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked to.
        }
        catch (Exception exception)
        {
            run.Fail(new LoadException($"consuming failed: {exception.Message}", exception));
        }
    }

    private bool Take(ReadOnlySpan<byte> body, bool redelivered)
    {
        if (_limited && run.Take(1, 1) == 0)
            return false;
        long now = MonotonicClock.Now;
        if (redelivered)
            Volatile.Write(ref _redelivered, _redelivered + 1);
        if (MessageStamp.TryRead(body, out long intended) && run.IsMeasured(intended))
            Deliveries.Record(now - intended);
        Volatile.Write(ref _lastMessageAt, now);
        Volatile.Write(ref _bytes, _bytes + body.Length);
        Volatile.Write(ref _messages, _messages + 1);
        return true;
    }
}
