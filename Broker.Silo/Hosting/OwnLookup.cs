using Broker.Gateway.Announcing;
using Broker.Lookup.Registrations;
using Broker.Protocol.Lookup;

namespace Broker.Silo.Hosting;

/// <summary>Joins the gateway with the lookup service in the same process: neither knows the other.</summary>
/// <param name="registry">What the service knows.</param>
internal sealed class OwnLookup(LookupRegistry registry) : IOwnLookup
{
    /// <inheritdoc/>
    public IOwnLookupNode Add(string address, PeerInfo info) => new Node(registry, registry.Add(address, info, isLocal: true));

    /// <inheritdoc/>
    public IReadOnlyList<string> ListChannelsElsewhere(string topic) => registry.ListChannelsElsewhere(topic);

    /// <inheritdoc/>
    public bool IsTombstoned(string topic, string node) => registry.IsTombstoned(topic, node);

    private sealed class Node(LookupRegistry registry, LookupPeer peer) : IOwnLookupNode
    {
        public void Register(string topic, string? channel) => registry.Register(peer, topic, channel);

        public void Unregister(string topic, string? channel) => registry.Unregister(peer, topic, channel);

        public void Remove() => registry.Remove(peer);
    }
}
