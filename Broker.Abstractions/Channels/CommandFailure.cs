using Orleans;

namespace Broker.Channels;

/// <summary>A FIN, REQ or TOUCH that failed (spec 1.6, the non-fatal trio).</summary>
/// <param name="Index">Index of the command in its batch, 0-based.</param>
/// <param name="Cause">Why.</param>
[GenerateSerializer, Immutable, Alias("Broker.CommandFailure")]
public readonly record struct CommandFailure([property: Id(0)] int Index, [property: Id(1)] CommandFailureCause Cause);
