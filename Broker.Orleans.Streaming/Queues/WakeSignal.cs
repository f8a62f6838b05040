using System.Threading.Channels;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>Wakes one waiter; set before anybody waits, it wakes the next one.</summary>
internal sealed class WakeSignal(TimeProvider time)
{
    private readonly Channel<bool> _token = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Set() => _token.Writer.TryWrite(true);

    /// <returns>False when the time is over or the wait was cancelled.</returns>
    public async Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancellation)
    {
        if (_token.Reader.TryRead(out _)) return true;
        using CancellationTokenSource timeout = new(longest, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            return await _token.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
