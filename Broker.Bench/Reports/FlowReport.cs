using Broker.Bench.Measuring;

namespace Broker.Bench.Reports;

/// <summary>What went in one direction while it was measured.</summary>
/// <param name="Messages">Acknowledged publishes, or messages received.</param>
/// <param name="MessagesPerSecond">The same by the second.</param>
/// <param name="MegabytesPerSecond">Bodies only, in units of 10^6 bytes.</param>
/// <param name="Latency">Of the answers to publishes, or from end to end; null if nothing was timed.</param>
public sealed record FlowReport(long Messages, double MessagesPerSecond, double MegabytesPerSecond, LatencySummary? Latency);
