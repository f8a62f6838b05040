using Broker.Protocol;

namespace Broker.Gateway.Connections;

/// <summary>The reply that one command, or a run of like commands, will get.</summary>
/// <param name="Kind">What the reply depends on.</param>
/// <param name="Source">The call, the error, or the data; null for commands to the channel, whose call is known only later.</param>
/// <param name="Verb">For publishes: the command.</param>
/// <param name="First">For commands to the channel: index of the first among those of the read.</param>
/// <param name="Count">Number of commands.</param>
internal record struct Outcome(OutcomeKind Kind, object? Source, CommandVerb Verb, int First, int Count);
