namespace Broker.Bench.Guard;

/// <summary>What a micro benchmark costs, for each message.</summary>
/// <param name="AllocatedBytes">Bytes that it allocates.</param>
/// <param name="Nanoseconds">Time that it takes; on one thread that is processor time.</param>
internal sealed record GuardedFigure(double AllocatedBytes, double Nanoseconds);
