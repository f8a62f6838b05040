namespace Broker.Gateway.Limits;

/// <summary>
/// Bytes that may be in flight, shared by all connections. A connection takes what it needs at once and waits while it holds
/// nothing, so nobody waits for somebody who waits; those who wait are served in their order.
/// </summary>
/// <param name="limit">Bytes; 0 for no limit.</param>
internal sealed class ByteBudget(long limit)
{
    private readonly Lock _sync = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private long _taken;
    private bool _isOpen;

    /// <summary>Bytes that are taken.</summary>
    public long Taken
    {
        get
        {
            lock (_sync)
                return _taken;
        }
    }

    /// <summary>Takes bytes if there are so many. More than the limit can only be had while nobody else has any.</summary>
    public bool TryTake(long bytes)
    {
        lock (_sync)
        {
            if (_waiters.Count > 0 || !Fits(bytes))
                return false;
            _taken += bytes;
            return true;
        }
    }

    /// <summary>Takes bytes as soon as there are so many.</summary>
    /// <exception cref="OperationCanceledException">The waiting was ended; nothing is taken.</exception>
    public async ValueTask TakeAsync(long bytes, CancellationToken cancellationToken)
    {
        Waiter waiter = new(bytes);
        LinkedListNode<Waiter> node;
        lock (_sync)
        {
            if (_waiters.Count == 0 && Fits(bytes))
            {
                _taken += bytes;
                return;
            }
            node = _waiters.AddLast(waiter);
        }
        await using CancellationTokenRegistration registration = cancellationToken.Register(() =>
        {
            lock (_sync)
            {
                if (node.List is null)
                    return;
                _waiters.Remove(node);
                // Those behind may need less than this one did.
                ServeWaiters();
            }
            waiter.Served.TrySetCanceled(cancellationToken);
        });
        await waiter.Served.Task;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(long bytes)
    {
        lock (_sync)
        {
            _taken -= bytes;
            ServeWaiters();
        }
    }

    /// <summary>Lets everybody through from now on: the gateway stops, and nobody is to wait for anything.</summary>
    public void Open()
    {
        lock (_sync)
        {
            _isOpen = true;
            ServeWaiters();
        }
    }

    private bool Fits(long bytes) => limit == 0 || _isOpen || _taken == 0 || _taken + bytes <= limit;

    private void ServeWaiters()
    {
        while (_waiters.First is { Value: var waiter } && Fits(waiter.Bytes))
        {
            _waiters.RemoveFirst();
            _taken += waiter.Bytes;
            waiter.Served.TrySetResult();
        }
    }

    private sealed record Waiter(long Bytes)
    {
        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
