namespace Broker.Bench.Reports;

/// <summary>What a process cost while it was measured.</summary>
/// <param name="CpuUsPerMessage">Microseconds of processor time for each message published, or received if any are consumed.</param>
/// <param name="CpuCores">Processors kept busy, on average.</param>
/// <param name="ResidentBytes">Memory at the end.</param>
/// <param name="PeakResidentBytes">The most memory since the process began.</param>
public sealed record ProcessReport(double CpuUsPerMessage, double CpuCores, long ResidentBytes, long PeakResidentBytes);
