using System.Runtime.InteropServices;
using Broker.Bench.Measuring;

namespace Broker.Bench.Streams;

/// <summary>Writes down what a silo has handled, where it stays when the silo is killed.</summary>
internal sealed class HandledLog(string path) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);

    public void Add(StreamEvent item)
    {
        HandledEvent handled = new(item.Phase, item.Stream, item.Number, item.SentAt, MonotonicClock.Now);
        lock (_gate) _file.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<HandledEvent>(in handled)));
    }

    public void Dispose() => _file.Dispose();
}
