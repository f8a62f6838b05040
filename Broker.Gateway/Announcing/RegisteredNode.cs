using Broker.Protocol.Lookup;

namespace Broker.Gateway.Announcing;

/// <summary>A node that this process registers with its own lookup service, and what was registered of it.</summary>
/// <param name="node">Where it is registered.</param>
internal sealed class RegisteredNode(IOwnLookupNode node)
{
    private readonly Announcement _announcement = new();

    /// <summary>Registers a topic as it is now; with no channels at all, that it is gone.</summary>
    public void Update(string topic, IReadOnlyList<string>? channels)
    {
        foreach (LookupCommand command in _announcement.Update(topic, channels))
        {
            if (command.IsRegister)
                node.Register(command.Topic, command.Channel);
            else
                node.Unregister(command.Topic, command.Channel);
        }
    }

    /// <summary>The node is gone.</summary>
    public void Remove() => node.Remove();
}
