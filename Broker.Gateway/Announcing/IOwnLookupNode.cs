namespace Broker.Gateway.Announcing;

/// <summary>A node that the lookup service of this process lists.</summary>
public interface IOwnLookupNode
{
    /// <summary>It has a topic, or a channel and with it the topic.</summary>
    void Register(string topic, string? channel);

    /// <summary>It no longer has a channel, or a topic with all its channels.</summary>
    void Unregister(string topic, string? channel);

    /// <summary>It is gone.</summary>
    void Remove();
}
