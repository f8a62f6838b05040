using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Broker.Bench.Measuring;

namespace Broker.Bench.Streams;

/// <summary>Reads what all silos have handled, while they go on.</summary>
/// <param name="paths">Their <see cref="HandledLog"/>s.</param>
internal sealed class HandledEvents(IReadOnlyList<string> paths) : IDisposable
{
    private readonly FileStream[] _files = [.. paths.Select(path => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite))];
    private readonly byte[] _buffer = new byte[Unsafe.SizeOf<HandledEvent>() * 4096];
    private readonly HashSet<(int Stream, int Number)> _seen = [];
    private int _phase;

    /// <summary>Events of the phase that were handled, each counted once.</summary>
    public int Distinct => _seen.Count;

    /// <summary>Events of the phase that were handled again.</summary>
    public int Repeated { get; private set; }

    /// <summary>When the last one was handled for the first time.</summary>
    public long LastAt { get; private set; }

    /// <summary>From the call of OnNextAsync to the handler.</summary>
    public LatencyHistogram Latencies { get; private set; } = new();

    /// <summary>Counts from now on the events of another phase.</summary>
    public void Begin(int phase)
    {
        Read();
        (_phase, Repeated, LastAt, Latencies) = (phase, 0, 0, new LatencyHistogram());
        _seen.Clear();
    }

    /// <summary>Waits until so many events were handled, or none has been for some time.</summary>
    public async Task WaitAsync(int count, TimeSpan quiet, CancellationToken interrupt)
    {
        int before = -1;
        long changed = MonotonicClock.Now;
        while (true)
        {
            Read();
            if (Distinct >= count) return;
            if (Distinct != before) (before, changed) = (Distinct, MonotonicClock.Now);
            else if (MonotonicClock.Now - changed > MonotonicClock.Nanoseconds(quiet)) return;
            await Task.Delay(20, interrupt);
        }
    }

    /// <summary>Takes what was handled meanwhile.</summary>
    public void Read()
    {
        foreach (FileStream file in _files)
        {
            while (true)
            {
                int length = file.ReadAtLeast(_buffer, _buffer.Length, throwOnEndOfStream: false);
                int whole = length - (length % Unsafe.SizeOf<HandledEvent>());
                file.Position -= length - whole;
                if (whole == 0) break;
                foreach (HandledEvent handled in MemoryMarshal.Cast<byte, HandledEvent>(_buffer.AsSpan(0, whole))) Take(handled);
            }
        }
    }

    public void Dispose()
    {
        foreach (FileStream file in _files) file.Dispose();
    }

    private void Take(HandledEvent handled)
    {
        if (handled.Phase != _phase) return;
        if (!_seen.Add((handled.Stream, handled.Number)))
        {
            Repeated++;
            return;
        }
        LastAt = Math.Max(LastAt, handled.HandledAt);
        Latencies.Record(handled.HandledAt - handled.SentAt);
    }
}
