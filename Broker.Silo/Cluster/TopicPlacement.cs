using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>Topics are spread over the silos by their names, and each channel is placed with its topic.</summary>
[Serializable]
internal sealed class TopicPlacement : PlacementStrategy;
