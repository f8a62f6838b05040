using Broker.Grains.Channels;
using Broker.Grains.Topics;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>Says of which grains <see cref="TopicPlacement"/> is the strategy, so that the grains need not know it.</summary>
internal sealed class TopicPlacementProperties : IGrainPropertiesProvider
{
    /// <inheritdoc/>
    public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        if (grainClass == typeof(TopicGrain) || grainClass == typeof(ChannelGrain))
            properties[WellKnownGrainTypeProperties.PlacementStrategy] = nameof(TopicPlacement);
    }
}
