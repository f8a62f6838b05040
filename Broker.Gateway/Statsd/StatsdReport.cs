using System.Globalization;
using System.Text;
using Broker.Gateway.Http.Stats;
using Broker.Policies;

namespace Broker.Gateway.Statsd;

/// <summary>
/// The figures of one report in statsd's lines, named and ordered as nsqd's (spec 6.4). Counters are told by how much they grew since the
/// report before; a counter that began anew since then, as that of a topic that was made again, is told in full.
/// </summary>
/// <param name="options">What is told, and how big packets may be.</param>
/// <param name="prefix">What names begin with, its dot included.</param>
internal sealed class StatsdReport(StatsdOptions options, string prefix)
{
    private Dictionary<string, long> _sums = new(StringComparer.Ordinal);
    private Dictionary<string, long> _next = new(StringComparer.Ordinal);
    private readonly List<byte[]> _packets = [];
    private readonly StringBuilder _packet = new();

    /// <summary>The packets of the next report; no line stands in two.</summary>
    public IReadOnlyList<byte[]> Write(StatsDocument stats)
    {
        _packets.Clear();
        foreach (TopicDocument topic in stats.Topics ?? [])
        {
            if (!options.ExcludeEphemeral || !EphemeralName.Matches(topic.Name))
                Write(topic);
        }

        if (stats.Memory is { } memory)
            Write(memory);
        Seal();
        (_sums, _next) = (_next, _sums);
        _next.Clear();
        return [.. _packets];
    }

    private void Write(TopicDocument topic)
    {
        string name = $"topic.{topic.Name}";
        Count($"{name}.message_count", topic.MessageCount, topic.MessagesBefore);
        Count($"{name}.message_bytes", topic.MessageBytes, topic.BytesBefore);
        Gauge($"{name}.depth", topic.Depth);
        Gauge($"{name}.backend_depth", topic.BackendDepth);
        Write(name, topic.Latency);
        foreach (ChannelDocument channel in topic.Channels)
        {
            if (!options.ExcludeEphemeral || !EphemeralName.Matches(channel.Name))
                Write($"{name}.channel.{channel.Name}", channel);
        }
    }

    private void Write(string name, ChannelDocument channel)
    {
        Count($"{name}.message_count", channel.MessageCount);
        Gauge($"{name}.depth", channel.Depth);
        Gauge($"{name}.backend_depth", channel.BackendDepth);
        Gauge($"{name}.in_flight_count", channel.InFlight);
        Gauge($"{name}.deferred_count", channel.Deferred);
        Count($"{name}.requeue_count", channel.Requeued);
        Count($"{name}.timeout_count", channel.TimedOut);
        Gauge($"{name}.clients", channel.ClientCount);
        Write(name, channel.Latency);
    }

    private void Write(string name, LatencyDocument latency)
    {
        foreach (IReadOnlyDictionary<string, double> percentile in latency.Percentiles ?? [])
        {
            double percent = Math.Round(percentile["quantile"] * 100, MidpointRounding.ToEven);
            Gauge(string.Create(CultureInfo.InvariantCulture, $"{name}.e2e_processing_latency_{percent}"), (long)percentile["value"]);
        }
    }

    private void Write(MemoryDocument memory)
    {
        Gauge("mem.heap_objects", memory.HeapObjects);
        Gauge("mem.heap_idle_bytes", memory.HeapIdle);
        Gauge("mem.heap_in_use_bytes", memory.HeapInUse);
        Gauge("mem.heap_released_bytes", memory.HeapReleased);
        Gauge("mem.gc_pause_usec_100", memory.GcPause100);
        Gauge("mem.gc_pause_usec_99", memory.GcPause99);
        Gauge("mem.gc_pause_usec_95", memory.GcPause95);
        Gauge("mem.next_gc_bytes", memory.NextGc);
        Count("mem.gc_runs", memory.GcRuns);
    }

    // What is reported for the first time is counted from where it began here.
    private void Count(string name, long sum, long began = 0)
    {
        long before = _sums.GetValueOrDefault(name, began);
        _next[name] = sum;
        Add(name, sum >= before ? sum - before : sum, 'c');
    }

    private void Gauge(string name, long value) => Add(name, value, 'g');

    private void Add(string name, long value, char kind)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{prefix}{name}:{value}|{kind}\n");
        if (_packet.Length + line.Length > options.PacketSize)
            Seal();
        _packet.Append(line);
    }

    private void Seal()
    {
        if (_packet.Length > 0)
            _packets.Add(Encoding.UTF8.GetBytes(_packet.ToString()));
        _packet.Clear();
    }
}
