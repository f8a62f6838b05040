namespace Broker.Channels;

/// <summary>The key of a channel's grain: <c>topic:channel</c>. Neither name can contain a colon (spec 1.4).</summary>
public static class ChannelKey
{
    /// <summary>The key for a channel of a topic.</summary>
    public static string Of(string topic, string channel) => string.Concat(topic, ":", channel);

    /// <summary>Topic and channel in a key.</summary>
    public static (string Topic, string Channel) Parse(string key)
    {
        int colon = key.IndexOf(':', StringComparison.Ordinal);
        return (key[..colon], key[(colon + 1)..]);
    }
}
