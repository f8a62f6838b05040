using Broker.Lookup.Documents;
using Broker.Protocol.Lookup;

namespace Broker.Lookup.Registrations;

/// <summary>A node that has identified itself, for as long as its connection lasts. Its state belongs to the <see cref="LookupRegistry"/>.</summary>
public sealed class LookupPeer
{
    internal LookupPeer(long number, string remoteAddress, PeerInfo info, bool isLocal)
    {
        Number = number;
        RemoteAddress = remoteAddress;
        Info = info;
        IsLocal = isLocal;
    }

    /// <summary>ip:port that it connected from.</summary>
    public string RemoteAddress { get; }

    /// <summary>What it said of itself.</summary>
    public PeerInfo Info { get; }

    /// <summary>Counts the peers in the order in which they came.</summary>
    internal long Number { get; }

    /// <summary>Whether it is the broker in the same process: as alive as whoever asks.</summary>
    internal bool IsLocal { get; }

    /// <summary>Timestamp of its last IDENTIFY or PING.</summary>
    internal long LastSeen { get; private set; }

    /// <summary>When that was.</summary>
    internal DateTimeOffset LastUpdate { get; private set; }

    /// <summary>Names of the topics of which it has the topic itself or channels.</summary>
    internal SortedSet<string> Topics { get; } = new(StringComparer.Ordinal);

    /// <summary>What <c>/topic/tombstone</c> calls it.</summary>
    internal string NodeName => $"{Info.BroadcastAddress}:{Info.HttpPort}";

    /// <summary>It was heard from.</summary>
    internal void Touch(TimeProvider time)
    {
        LastSeen = time.GetTimestamp();
        LastUpdate = time.GetUtcNow();
    }

    internal Producer ToProducer() => new()
    {
        RemoteAddress = RemoteAddress,
        Hostname = Info.Hostname ?? "",
        BroadcastAddress = Info.BroadcastAddress ?? "",
        TcpPort = Info.TcpPort ?? 0,
        HttpPort = Info.HttpPort ?? 0,
        Version = Info.Version ?? "",
        TopologyZone = Info.TopologyZone ?? "",
        TopologyRegion = Info.TopologyRegion ?? "",
    };
}
