using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Broker.Client;

/// <summary>
/// Messages that were received and wait for a handler, in the order they came. What one read from a socket brought is added at once,
/// so that connections and handlers meet at the lock seldom.
/// </summary>
internal sealed class ReceivedMessages
{
    private const int SmallestRing = 64;

    // At most one token: whoever takes it looks for messages until there are none, and passes it on when there is more than one.
    private readonly Channel<bool> _token = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Lock _gate = new();
    private NsqMessage[] _ring = new NsqMessage[SmallestRing];
    private int _first;
    private int _count;

    public void Add(ReadOnlySpan<NsqMessage> messages)
    {
        lock (_gate)
        {
            if (_count + messages.Length > _ring.Length) Grow(_count + messages.Length);
            int start = (_first + _count) & (_ring.Length - 1);
            int ahead = Math.Min(messages.Length, _ring.Length - start);
            messages[..ahead].CopyTo(_ring.AsSpan(start));
            messages[ahead..].CopyTo(_ring);
            _count += messages.Length;
        }
        _token.Writer.TryWrite(true);
    }

    /// <summary>Takes the message that has waited longest.</summary>
    public bool TryTake(out NsqMessage message)
    {
        lock (_gate)
        {
            if (_count == 0)
            {
                message = default;
                return false;
            }
            message = _ring[_first];
            _ring[_first] = default;
            _first = (_first + 1) & (_ring.Length - 1);
            _count--;
            return true;
        }
    }

    /// <summary>Waits until there may be messages; false when there never will be.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> WaitAsync(CancellationToken cancellation = default)
    {
        if (!await _token.Reader.WaitToReadAsync(cancellation).ConfigureAwait(false)) return false;
        if (_token.Reader.TryRead(out _)) PassOn();
        return true;
    }

    /// <summary>Nothing more will be added.</summary>
    public void Complete() => _token.Writer.TryComplete();

    private void PassOn()
    {
        bool isMore;
        lock (_gate) isMore = _count > 1;
        if (isMore) _token.Writer.TryWrite(true);
    }

    private void Grow(int needed)
    {
        NsqMessage[] ring = new NsqMessage[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)needed)];
        int ahead = Math.Min(_count, _ring.Length - _first);
        _ring.AsSpan(_first, ahead).CopyTo(ring);
        _ring.AsSpan(0, _count - ahead).CopyTo(ring.AsSpan(ahead));
        _ring = ring;
        _first = 0;
    }
}
