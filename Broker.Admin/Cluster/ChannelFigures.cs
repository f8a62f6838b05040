using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>Figures of a channel: on one node, or on all of them together, as <c>/api/topics/:topic/:channel</c> tells them (spec 5.1).</summary>
public sealed class ChannelFigures
{
    /// <summary>host:port of the node; <c>*</c> for all.</summary>
    [JsonPropertyName("node")] public string Node { get; set; } = "";

    [JsonPropertyName("hostname")] public string Hostname { get; set; } = "";

    [JsonPropertyName("topic_name")] public string TopicName { get; set; } = "";

    [JsonPropertyName("channel_name")] public string ChannelName { get; set; } = "";

    [JsonPropertyName("depth")] public long Depth { get; set; }

    [JsonPropertyName("memory_depth")] public long MemoryDepth { get; set; }

    [JsonPropertyName("backend_depth")] public long BackendDepth { get; set; }

    [JsonPropertyName("in_flight_count")] public long InFlight { get; set; }

    [JsonPropertyName("deferred_count")] public long Deferred { get; set; }

    [JsonPropertyName("dead_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Dead { get; set; }

    [JsonPropertyName("died_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Died { get; set; }

    [JsonPropertyName("requeue_count")] public long Requeued { get; set; }

    [JsonPropertyName("timeout_count")] public long TimedOut { get; set; }

    [JsonPropertyName("message_count")] public long MessageCount { get; set; }

    [JsonPropertyName("delivery_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long DeliveryCount { get; set; }

    [JsonPropertyName("zone_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ZoneLocal { get; set; }

    [JsonPropertyName("region_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long RegionLocal { get; set; }

    [JsonPropertyName("global_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Global { get; set; }

    [JsonPropertyName("client_count")] public int ClientCount { get; set; }

    /// <summary>The same of each node; null where this is one.</summary>
    [JsonPropertyName("nodes")] public List<ChannelFigures>? Nodes { get; set; }

    [JsonPropertyName("clients")] public List<ClientFigures>? Clients { get; set; }

    [JsonPropertyName("paused")] public bool IsPaused { get; set; }

    [JsonPropertyName("e2e_processing_latency")] public LatencyFigures? Latency { get; set; }

    /// <summary>What failed; not part of an answer when null.</summary>
    [JsonPropertyName("message"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Message { get; set; }

    /// <summary>Figures of a channel that no node has told of yet.</summary>
    public static ChannelFigures Of(string topic, string channel) => new() { TopicName = topic, ChannelName = channel };

    internal void PlaceOn(ProducerNode node, string topic)
    {
        Node = node.HttpAddress;
        Hostname = node.Hostname;
        TopicName = topic;
        MemoryDepth = Depth - BackendDepth;
        DeliveryCount = ZoneLocal + RegionLocal + Global;
        foreach (ClientFigures client in Clients ?? [])
        {
            client.Node = node.HttpAddress;
            client.NodeRegion = node.TopologyRegion;
            client.NodeZone = node.TopologyZone;
        }
    }

    internal void Add(ChannelFigures other)
    {
        Node = "*";
        Depth += other.Depth;
        MemoryDepth += other.MemoryDepth;
        BackendDepth += other.BackendDepth;
        InFlight += other.InFlight;
        Deferred += other.Deferred;
        Dead += other.Dead;
        Died += other.Died;
        Requeued += other.Requeued;
        TimedOut += other.TimedOut;
        MessageCount += other.MessageCount;
        DeliveryCount += other.DeliveryCount;
        ZoneLocal += other.ZoneLocal;
        RegionLocal += other.RegionLocal;
        Global += other.Global;
        ClientCount += other.ClientCount;
        IsPaused |= other.IsPaused;
        (Nodes ??= []).Add(other);
        // Of a channel without clients nsqadmin says null here, whatever its nodes say.
        if (other.Clients is { Count: > 0 } clients)
            (Clients ??= []).AddRange(clients);
        Latency ??= new LatencyFigures { Topic = TopicName, Channel = ChannelName };
        Latency.Add(other.Latency);
    }

    /// <summary>Brings the clients into nsqadmin's order: by node, then those of the node's zone, of its region, all others.</summary>
    internal void SortClients()
    {
        if (Clients is { } clients)
            Clients = [.. clients.OrderBy(static client => client.Node, StringComparer.Ordinal).ThenBy(static client => client.Distance)
                .ThenBy(static client => client.TopologyRegion, StringComparer.Ordinal).ThenBy(static client => client.TopologyZone, StringComparer.Ordinal)];
    }
}
