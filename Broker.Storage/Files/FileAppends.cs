using System.Collections.Concurrent;

namespace Broker.Storage.Files;

/// <summary>A bounded pool of <see cref="FileAppend"/>.</summary>
internal sealed class FileAppends
{
    private const int Capacity = 1024;

    private readonly ConcurrentQueue<FileAppend> _free = new();

    public FileAppend Rent() => _free.TryDequeue(out FileAppend? pending) ? pending : new FileAppend(this);

    public void Return(FileAppend pending)
    {
        if (_free.Count < Capacity)
            _free.Enqueue(pending);
    }
}
