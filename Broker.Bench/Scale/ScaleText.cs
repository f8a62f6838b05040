using System.Globalization;
using Broker.Bench.Versus.Reports;

namespace Broker.Bench.Scale;

/// <summary>Writes what was measured as a table in Markdown.</summary>
internal static class ScaleText
{
    public static void Write(TextWriter output, ScaleReport report)
    {
        output.WriteLine($"| {report.Label} | msg/s | p50 | p99 | server CPU per message | resident |");
        output.WriteLine("|---|---|---|---|---|---|");
        foreach (ScalePoint point in report.Points)
        {
            VersusRow row = point.Figures;
            string missing = row.Missing == 0 ? "" : $" ({VersusText.Number(row.Missing)} MISSING)";
            output.WriteLine(
                $"| {point.Step.ToString("N0", CultureInfo.InvariantCulture)} | {VersusText.Number(row.MessagesPerSecond)}{missing} | {VersusText.Time(row.P50Us)} | "
                + $"{VersusText.Time(row.P99Us)} | {VersusText.Microseconds(row.CpuUsPerMessage)} | {VersusText.Number(row.ResidentBytes / 1e6)} MB |");
        }
        output.WriteLine();
        output.WriteLine($"{report.System} {report.Version}: {report.Work}. Medians over {report.Rounds} turns, each with a server just started.");
    }
}
