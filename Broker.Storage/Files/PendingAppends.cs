using System.Collections.Concurrent;

namespace Broker.Storage.Files;

/// <summary>A bounded pool of <see cref="PendingAppend"/>.</summary>
internal sealed class PendingAppends
{
    private const int Capacity = 1024;

    private readonly ConcurrentQueue<PendingAppend> _free = new();

    public PendingAppend Rent() => _free.TryDequeue(out PendingAppend? pending) ? pending : new PendingAppend(this);

    public void Return(PendingAppend pending)
    {
        if (_free.Count < Capacity)
            _free.Enqueue(pending);
    }
}
