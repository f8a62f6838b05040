namespace Broker.Gateway.Lookup;

/// <summary>A node that this process registers with its own lookup service, and what was registered of it.</summary>
internal sealed class RegisteredNode(LookupRegistry registry, LookupPeer peer)
{
    private readonly Announcement _announcement = new();

    public LookupPeer Peer => peer;

    /// <summary>Registers a topic as it is now; with no channels at all, that it is gone.</summary>
    public void Update(string topic, IReadOnlyList<string>? channels)
    {
        foreach (LookupCommand command in _announcement.Update(topic, channels))
        {
            if (command.IsRegister)
                registry.Register(peer, command.Topic, command.Channel);
            else
                registry.Unregister(peer, command.Topic, command.Channel);
        }
    }
}
