using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>A node as a lookup service tells of it (spec 4.2), and, without its topics, as it tells of itself (spec 3.3).</summary>
internal sealed class LookupProducer
{
    [JsonPropertyName("remote_address")] public string? RemoteAddress { get; init; }

    [JsonPropertyName("hostname")] public string? Hostname { get; init; }

    [JsonPropertyName("broadcast_address")] public string? BroadcastAddress { get; init; }

    [JsonPropertyName("tcp_port")] public int TcpPort { get; init; }

    [JsonPropertyName("http_port")] public int HttpPort { get; init; }

    [JsonPropertyName("version")] public string? Version { get; init; }

    [JsonPropertyName("topics")] public List<string>? Topics { get; init; }

    /// <summary>Whether it is tombstoned for the topic at the same place of <see cref="Topics"/>.</summary>
    [JsonPropertyName("tombstones")] public List<bool>? Tombstones { get; init; }

    [JsonPropertyName("topology_zone")] public string? TopologyZone { get; init; }

    [JsonPropertyName("topology_region")] public string? TopologyRegion { get; init; }

    /// <summary>The node, with those topics that are told.</summary>
    /// <param name="asked">host:port that was asked, for what an old node does not say of itself; empty for a lookup service.</param>
    /// <param name="topics">Its topics; null for those that are told here.</param>
    public ProducerNode ToNode(string asked = "", IEnumerable<string>? topics = null)
    {
        int colon = asked.LastIndexOf(':');
        bool isSilent = string.IsNullOrEmpty(BroadcastAddress) && colon > 0;
        List<ProducerTopic> told =
        [
            .. topics?.Select(static topic => new ProducerTopic(topic, false))
                ?? (Topics ?? []).Select((topic, i) => new ProducerTopic(topic, Tombstones is { } marks && i < marks.Count && marks[i])),
        ];
        told.Sort(static (a, b) => string.CompareOrdinal(a.Topic, b.Topic));
        return new ProducerNode
        {
            RemoteAddress = RemoteAddress ?? "",
            Hostname = string.IsNullOrEmpty(Hostname) && colon > 0 ? asked[..colon] : Hostname ?? "",
            BroadcastAddress = isSilent ? asked[..colon].Trim('[', ']') : BroadcastAddress ?? "",
            HttpPort = isSilent && int.TryParse(asked[(colon + 1)..], out int port) ? port : HttpPort,
            TcpPort = TcpPort,
            Version = Version ?? "",
            TopologyZone = string.IsNullOrEmpty(TopologyZone) ? null : TopologyZone,
            TopologyRegion = string.IsNullOrEmpty(TopologyRegion) ? null : TopologyRegion,
            Topics = told.Count > 0 ? told : null,
        };
    }
}
