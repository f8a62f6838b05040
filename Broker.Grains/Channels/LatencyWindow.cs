using Broker.Channels;

namespace Broker.Grains.Channels;

/// <summary>
/// Times from publish to FIN within a window of time, as nsqd keeps them (spec 2.8): two halves that take turns, the older one forgotten
/// every half window. Adding allocates nothing once an octave of durations was seen.
/// </summary>
/// <param name="halfWindow">Half the window, in nanoseconds.</param>
/// <param name="now">Nanoseconds since the Unix epoch.</param>
public sealed class LatencyWindow(long halfWindow, long now)
{
    private long[]?[] _current = new long[]?[LatencyBucket.Octaves + 1];
    private long[]?[] _previous = new long[]?[LatencyBucket.Octaves + 1];
    private long _since = now;

    /// <summary>Adds a duration.</summary>
    /// <param name="duration">Nanoseconds.</param>
    /// <param name="now">Nanoseconds since the Unix epoch.</param>
    public void Add(long duration, long now)
    {
        if (now > _since + halfWindow)
            Move(now);
        int index = LatencyBucket.IndexOf(duration);
        (_current[index / LatencyBucket.PerOctave] ??= new long[LatencyBucket.PerOctave])[index % LatencyBucket.PerOctave]++;
    }

    /// <summary>What the window holds.</summary>
    /// <param name="now">Nanoseconds since the Unix epoch.</param>
    public LatencyCounts Read(long now)
    {
        if (now > _since + halfWindow)
            Move(now);
        List<int> buckets = [];
        List<long> counts = [];
        for (int octave = 0; octave < _current.Length; octave++)
        {
            long[]? current = _current[octave];
            long[]? previous = _previous[octave];
            if (current is null && previous is null)
                continue;
            for (int i = 0; i < LatencyBucket.PerOctave; i++)
            {
                long count = (current?[i] ?? 0) + (previous?[i] ?? 0);
                if (count == 0)
                    continue;
                buckets.Add((octave * LatencyBucket.PerOctave) + i);
                counts.Add(count);
            }
        }

        return new LatencyCounts { Buckets = [.. buckets], Counts = [.. counts] };
    }

    private void Move(long now)
    {
        long halves = (now - _since - 1) / halfWindow;
        _since += halves * halfWindow;
        (_current, _previous) = (_previous, _current);
        Clear(_current);
        if (halves > 1)
            Clear(_previous);
    }

    private static void Clear(long[]?[] octaves)
    {
        foreach (long[]? octave in octaves)
        {
            if (octave is not null)
                Array.Clear(octave);
        }
    }
}
