using System.Globalization;
using System.Text;
using Broker.Gateway.Connections;
using Broker.Gateway.Telemetry;
using Broker.Protocol;

namespace Broker.Gateway.Http.Stats;

/// <summary>Figures for people to read, in nsqd's words and columns (spec 3.4).</summary>
/// <param name="clock">Knows when the broker started, and the time.</param>
public sealed class StatsText(BrokerClock clock)
{
    private static readonly string Runtime = $"dotnet{Environment.Version}";

    /// <summary>Writes the figures.</summary>
    public string Write(StatsDocument stats)
    {
        StringBuilder text = new();
        Line(text, $"nsqd v{stats.Version} (built w/{Runtime})");
        Line(text, $"start_time {clock.StartTime.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}");
        Line(text, $"uptime {GoDuration.Format(clock.Uptime)}");
        Line(text, $"\nHealth: {stats.Health}");
        if (stats.Memory is { } memory)
            Write(text, memory);
        text.Append(stats.Topics is { Count: > 0 } ? "\nTopics:" : "\nTopics: None\n");
        foreach (TopicDocument topic in stats.Topics ?? [])
            Write(text, topic);
        text.Append(stats.Producers is null ? "\nProducers: None\n" : "\nProducers:");
        foreach (ClientDocument producer in stats.Producers ?? [])
            Line(text, $"\n   {Describe(producer)}");
        return text.ToString();
    }

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static void Write(StringBuilder text, MemoryDocument memory)
    {
        text.Append("\nMemory:\n");
        (string Name, long Value)[] figures =
        [
            ("heap_objects", memory.HeapObjects),
            ("heap_idle_bytes", memory.HeapIdle),
            ("heap_in_use_bytes", memory.HeapInUse),
            ("heap_released_bytes", memory.HeapReleased),
            ("gc_pause_usec_100", memory.GcPause100),
            ("gc_pause_usec_99", memory.GcPause99),
            ("gc_pause_usec_95", memory.GcPause95),
            ("next_gc_bytes", memory.NextGc),
            ("gc_total_runs", memory.GcRuns),
        ];
        foreach ((string name, long value) in figures)
            Line(text, $"   {name,-25}\t{value}");
    }

    private void Write(StringBuilder text, TopicDocument topic)
    {
        string prefix = topic.Paused ? "*P " : "   ";
        Line(text, $"\n{prefix}[{topic.Name,-15}] depth: {topic.Depth,-5} be-depth: {topic.BackendDepth,-5} msgs: {topic.MessageCount,-8} e2e%: {topic.Latency}");
        foreach (ChannelDocument channel in topic.Channels)
            Write(text, channel);
    }

    private void Write(StringBuilder text, ChannelDocument channel)
    {
        string prefix = channel.Paused ? "   *P " : "      ";
        Line(text, $"{prefix}[{channel.Name,-25}] depth: {channel.Depth,-5} be-depth: {channel.BackendDepth,-5} inflt: {channel.InFlight,-4} def: {channel.Deferred,-4} re-q: {channel.Requeued,-5} timeout: {channel.TimedOut,-5} msgs: {channel.MessageCount,-8} e2e%: {channel.Latency}");
        foreach (ClientDocument client in channel.Clients ?? [])
            Line(text, $"        {Describe(client)}");
    }

    // A consumer that also published is shown as a producer, as in nsqd.
    private string Describe(ClientDocument client)
    {
        string port = client.RemoteAddress[(client.RemoteAddress.LastIndexOf(':') + 1)..];
        string name = $"{client.Version} {$"{client.Hostname}:{port} {client.UserAgent}",-21}";
        string connected = GoDuration.Format(TimeSpan.FromSeconds(clock.Now.ToUnixTimeSeconds() - client.ConnectTime));
        return client.PublishCounts is [{ } published, ..]
            ? $"[{name}] msgs: {published.Count,-8} topics: {published.Topic}={published.Count} connected: {connected}"
            : $"[{name}] state: {client.State} inflt: {client.InFlight,-4} rdy: {client.Ready,-4} fin: {client.Finished,-8} re-q: {client.Requeued,-8} msgs: {client.MessageCount,-8} connected: {connected}";
    }
}
