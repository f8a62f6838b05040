using Orleans.Placement;

namespace Broker.Grains.Placement;

/// <summary>Says of a grain that <see cref="TopicPlacement"/> chooses its silo.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class TopicPlacementAttribute() : PlacementAttribute(new TopicPlacement());
