using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Broker.Channels;
using Broker.Grains.Placement;
using Broker.Topics;
using Orleans;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Broker.Silo.Cluster;

/// <summary>
/// Places a channel where its topic is. Where that is not known, and for topics, the silo is drawn by the topic's name: always the same one as long
/// as the cluster is the same, and when a silo goes, only what it had is drawn anew.
/// </summary>
/// <param name="grains">Where is asked for the topic's place.</param>
internal sealed class TopicPlacementDirector(IGrainFactory grains) : IPlacementDirector
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc/>
    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        SiloAddress[] silos = context.GetCompatibleSilos(target);
        string key = target.GrainIdentity.Key.ToString()!;
        if (!key.Contains(':', StringComparison.Ordinal))
            return Draw(key, silos);
        string topic = ChannelKey.Parse(key).Topic;
        return await FindAsync(topic) is { } place && silos.Contains(place) ? place : Draw(topic, silos);
    }

    private async Task<SiloAddress?> FindAsync(string topic)
    {
        try
        {
            return await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grains.GetGrain<ITopicGrain>(topic)).AsTask().WaitAsync(Patience);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or OperationCanceledException)
        {
            // The directory is busy with a silo that went. The topic will be drawn as its channel is.
            return null;
        }
    }

    private static SiloAddress Draw(string topic, SiloAddress[] silos) =>
        silos.MaxBy(silo => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{topic} {silo.ToParsableString()}"))))!;
}
