using Orleans.Runtime;

namespace Broker.Grains.Placement;

/// <summary>Topics are spread over the silos by their names, and each channel is placed with its topic.</summary>
[Serializable]
public sealed class TopicPlacement : PlacementStrategy;
