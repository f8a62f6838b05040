using Broker.Topics;
using Orleans;

namespace Broker.Channels;

/// <summary>Answer to <see cref="IChannelGrain.OfferAsync"/>.</summary>
/// <param name="Status">Ok, or ChannelNotFound when that incarnation is gone, or Failed when the channel cannot open.</param>
/// <param name="KnownEnd">One past the last offset that the channel has taken over; the topic goes on from here.</param>
/// <param name="DurableFloor">All below is finished and durable.</param>
[GenerateSerializer, Immutable, Alias("Broker.OfferReply")]
public readonly record struct OfferReply(
    [property: Id(0)] TopicStatus Status, [property: Id(1)] long KnownEnd = 0, [property: Id(2)] long DurableFloor = 0);
