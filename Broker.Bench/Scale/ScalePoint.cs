using Broker.Bench.Versus.Reports;

namespace Broker.Bench.Scale;

/// <summary>What was measured at one step.</summary>
internal sealed record ScalePoint(long Step, VersusRow Figures);
