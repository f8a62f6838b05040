using Broker.Protocol.Lookup;

namespace Broker.Gateway.Announcing;

/// <summary>The lookup service of this process, which is told without a connection.</summary>
public interface IOwnLookup
{
    /// <summary>Lists a node, which is taken for alive until it is removed.</summary>
    /// <param name="address">ip:port, as the service is to show where it connected from.</param>
    /// <param name="info">What it is; complete.</param>
    IOwnLookupNode Add(string address, PeerInfo info);

    /// <summary>
    /// Names of a topic's channels but for those that only this process has: what other nodes have or left behind, and what was made
    /// over HTTP.
    /// </summary>
    IReadOnlyList<string> ListChannelsElsewhere(string topic);

    /// <summary>Whether a tombstone hides the producers of a topic that are called <c>&lt;broadcast address&gt;:&lt;HTTP port&gt;</c>.</summary>
    bool IsTombstoned(string topic, string node);
}
