using Orleans;

namespace Broker.Channels;

/// <summary>How far a channel is.</summary>
/// <param name="Incarnation">The channel's incarnation.</param>
/// <param name="KnownEnd">One past the last offset that was offered to it.</param>
/// <param name="DurableFloor">All offsets below it are finished, and durably so: the log may be trimmed up to here.</param>
[GenerateSerializer, Immutable, Alias("Broker.ChannelReport")]
public readonly record struct ChannelReport(
    [property: Id(0)] long Incarnation, [property: Id(1)] long KnownEnd, [property: Id(2)] long DurableFloor);
