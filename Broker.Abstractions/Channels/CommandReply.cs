using Orleans;

namespace Broker.Channels;

/// <summary>Answer to <see cref="IChannelGrain.ExecuteAsync"/>.</summary>
/// <param name="Status">Whether the commands were carried out.</param>
/// <param name="Failures">The commands that failed, in order; null when none did.</param>
[GenerateSerializer, Immutable, Alias("Broker.CommandReply")]
public readonly record struct CommandReply(
    [property: Id(0)] CommandStatus Status, [property: Id(1)] CommandFailure[]? Failures = null);
