using Broker.Bench.Measuring;
using Broker.Bench.Reports;

namespace Broker.Bench.Versus.Reports;

/// <summary>One work on one system: medians over its turns.</summary>
/// <param name="Work">The work.</param>
/// <param name="System">The system.</param>
/// <param name="Turns">How many turns it had.</param>
/// <param name="MessagesPerSecond">Acknowledged a second, or received where messages are consumed.</param>
/// <param name="P50Us">Latency of half of the answers, or from end to end where messages are consumed; null where none is measured.</param>
/// <param name="P99Us">The same of 99 in 100.</param>
/// <param name="CpuUsPerMessage">Processor time of the server, in microseconds.</param>
/// <param name="GeneratorCpuUsPerMessage">Processor time of what loads it, in microseconds.</param>
/// <param name="ResidentBytes">Memory of the server at the end of a turn.</param>
/// <param name="Missing">Acknowledged messages that did not come, over all turns.</param>
internal sealed record VersusRow(
    string Work,
    string System,
    int Turns,
    double MessagesPerSecond,
    double? P50Us,
    double? P99Us,
    double CpuUsPerMessage,
    double GeneratorCpuUsPerMessage,
    double ResidentBytes,
    long Missing)
{
    /// <summary>Sums turns up.</summary>
    /// <param name="work">The work.</param>
    /// <param name="system">The system.</param>
    /// <param name="turns">What its turns measured, at least one.</param>
    public static VersusRow Of(string work, string system, IReadOnlyList<LoadReport> turns) => new(
        work,
        system,
        turns.Count,
        Median(turns, turn => turn.EndToEndMessagesPerSecond ?? (turn.Received ?? turn.Published)?.MessagesPerSecond) ?? 0,
        Median(turns, turn => Latency(turn)?.P50Us),
        Median(turns, turn => Latency(turn)?.P99Us),
        Median(turns, turn => turn.ServerProcess?.CpuUsPerMessage) ?? 0,
        Median(turns, turn => turn.Generator.CpuUsPerMessage) ?? 0,
        Median(turns, turn => turn.ServerProcess?.ResidentBytes) ?? 0,
        turns.Sum(turn => turn.Missing ?? 0));

    // How long a message has waited in a backlog says nothing of the server.
    private static LatencySummary? Latency(LoadReport turn) => (turn.Received ?? turn.Published)?.Latency;

    private static double? Median(IReadOnlyList<LoadReport> turns, Func<LoadReport, double?> select) => ComparisonReport.Median(turns, select);
}
