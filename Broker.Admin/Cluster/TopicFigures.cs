using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>Figures of a topic: on one node, or on all of them together, as <c>/api/topics/:topic</c> tells them (spec 5.1).</summary>
public sealed class TopicFigures
{
    /// <summary>host:port of the node; <c>*</c> for all.</summary>
    [JsonPropertyName("node")] public string Node { get; set; } = "";

    [JsonPropertyName("hostname")] public string Hostname { get; set; } = "";

    [JsonPropertyName("topic_name")] public string TopicName { get; set; } = "";

    [JsonPropertyName("depth")] public long Depth { get; set; }

    [JsonPropertyName("memory_depth")] public long MemoryDepth { get; set; }

    [JsonPropertyName("backend_depth")] public long BackendDepth { get; set; }

    [JsonPropertyName("message_count")] public long MessageCount { get; set; }

    [JsonPropertyName("delivery_msg_count")] public long DeliveryCount { get; set; }

    [JsonPropertyName("zone_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ZoneLocal { get; set; }

    [JsonPropertyName("region_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long RegionLocal { get; set; }

    [JsonPropertyName("global_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Global { get; set; }

    /// <summary>The same of each node; null where this is one.</summary>
    [JsonPropertyName("nodes")] public List<TopicFigures>? Nodes { get; set; }

    [JsonPropertyName("channels")] public List<ChannelFigures>? Channels { get; set; }

    [JsonPropertyName("paused")] public bool IsPaused { get; set; }

    [JsonPropertyName("e2e_processing_latency")] public LatencyFigures? Latency { get; set; }

    /// <summary>What failed; not part of an answer when null.</summary>
    [JsonPropertyName("message"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Message { get; set; }

    /// <summary>Figures of a topic that no node has told of yet.</summary>
    public static TopicFigures Of(string topic) => new() { TopicName = topic };

    /// <summary>Says which node these are of, and derives what it does not tell.</summary>
    internal void PlaceOn(ProducerNode node)
    {
        Node = node.HttpAddress;
        Hostname = node.Hostname;
        MemoryDepth = Depth - BackendDepth;
        DeliveryCount = ZoneLocal + RegionLocal + Global;
        foreach (ChannelFigures channel in Channels ?? [])
            channel.PlaceOn(node, TopicName);
    }

    /// <summary>Adds what a node has. Its own figures stay as they are.</summary>
    internal void Add(TopicFigures other)
    {
        Node = "*";
        Depth += other.Depth;
        MemoryDepth += other.MemoryDepth;
        BackendDepth += other.BackendDepth;
        MessageCount += other.MessageCount;
        DeliveryCount += other.DeliveryCount;
        ZoneLocal += other.ZoneLocal;
        RegionLocal += other.RegionLocal;
        Global += other.Global;
        IsPaused |= other.IsPaused;
        foreach (ChannelFigures channel in other.Channels ?? [])
        {
            Channels ??= [];
            ChannelFigures? sum = Channels.Find(known => known.ChannelName == channel.ChannelName);
            if (sum is null)
                Channels.Add(sum = ChannelFigures.Of(TopicName, channel.ChannelName));
            sum.Add(channel);
        }
        (Nodes ??= []).Add(other);
        Latency ??= new LatencyFigures { Topic = TopicName };
        Latency.Add(other.Latency);
    }
}
