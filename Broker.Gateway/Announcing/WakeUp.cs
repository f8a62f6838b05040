using System.Threading.Channels;

namespace Broker.Gateway.Announcing;

/// <summary>Wakes one loop from many places. Several calls before it wakes are one.</summary>
internal sealed class WakeUp
{
    private readonly Channel<bool> _calls =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Wakes the loop, now or when it next waits.</summary>
    public void Set() => _calls.Writer.TryWrite(true);

    /// <summary>Waits for a call.</summary>
    public async Task WaitAsync(CancellationToken cancellation) => await _calls.Reader.ReadAsync(cancellation);
}
