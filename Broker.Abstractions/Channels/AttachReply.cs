using Orleans;

namespace Broker.Channels;

/// <summary>Answer to <see cref="IChannelGrain.AttachAsync"/>.</summary>
/// <param name="Status">Whether the consumers joined.</param>
/// <param name="IdPrefix">Shared part of the ids of the channel's messages.</param>
/// <param name="Error">With <see cref="AttachStatus.Failed"/>: the cause in one line.</param>
[GenerateSerializer, Immutable, Alias("Broker.AttachReply")]
public readonly record struct AttachReply(
    [property: Id(0)] AttachStatus Status, [property: Id(1)] ulong IdPrefix = 0, [property: Id(2)] string? Error = null);
