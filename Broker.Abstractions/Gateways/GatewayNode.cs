using Orleans;

namespace Broker.Gateways;

/// <summary>A gateway as others are told of it.</summary>
[GenerateSerializer, Immutable, Alias("Broker.GatewayNode")]
public sealed record GatewayNode
{
    /// <summary>How long a gateway that is not heard from counts as alive.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    /// <summary>The gateway's id, unique to each start.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>Host under which it is reached.</summary>
    [Id(1)] public required string BroadcastAddress { get; init; }

    /// <summary>Its host's own name.</summary>
    [Id(2)] public required string Hostname { get; init; }

    /// <summary>Port of the NSQ protocol; 0 where it is not served.</summary>
    [Id(3)] public int TcpPort { get; init; }

    /// <summary>Port of its HTTP API; 0 where it is not served.</summary>
    [Id(4)] public int HttpPort { get; init; }

    /// <summary>The version of NSQ that it stands for.</summary>
    [Id(5)] public required string Version { get; init; }

    /// <summary>Its zone; empty when it has none.</summary>
    [Id(6)] public string TopologyZone { get; init; } = "";

    /// <summary>Its region; empty when it has none.</summary>
    [Id(7)] public string TopologyRegion { get; init; } = "";

    /// <summary>Where it is told of what happens; null when it does not want to be.</summary>
    [Id(8)] public IGatewayObserver? Observer { get; init; }
}
