using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>What each channel has been given on a node.</summary>
internal sealed record ChannelCount(
    [property: JsonPropertyName("node")] string Node,
    [property: JsonPropertyName("topic_name")] string TopicName,
    [property: JsonPropertyName("channel_name")] string ChannelName,
    [property: JsonPropertyName("message_count")] long MessageCount);
