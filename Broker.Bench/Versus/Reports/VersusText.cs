using System.Globalization;

namespace Broker.Bench.Versus.Reports;

/// <summary>Writes the figures as a table in Markdown, with the terms that they were measured on.</summary>
internal static class VersusText
{
    private const double BytesPerMegabyte = 1e6;

    public static void Write(TextWriter output, VersusReport report)
    {
        output.WriteLine("| work | system | msg/s | p50 | p99 | server CPU per message | generator CPU per message | resident |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (VersusRow row in report.Rows)
        {
            string missing = row.Missing == 0 ? "" : $" ({Number(row.Missing)} MISSING)";
            output.WriteLine(
                $"| {row.Work} | {row.System} | {Number(row.MessagesPerSecond)}{missing} | {Time(row.P50Us)} | {Time(row.P99Us)} | "
                + $"{Microseconds(row.CpuUsPerMessage)} | {Microseconds(row.GeneratorCpuUsPerMessage)} | {Number(row.ResidentBytes / BytesPerMegabyte)} MB |");
        }
        output.WriteLine();
        int turns = report.Rows.Count == 0 ? 0 : report.Rows.Max(row => row.Turns);
        string servers = report.Fresh ? "each with a server just started" : "all on the same servers";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"Medians over turns of {report.Seconds:0.##} s ({turns} each), {servers}. Bodies of {report.Size} B. Every message is acknowledged by itself. "
            + $"p50 and p99 are of a publish's answer, or from end to end where messages are published and consumed."));
        output.WriteLine();
        foreach (DescribedWork work in report.Works)
            output.WriteLine($"- **{work.Name}**: {work.Text}.");
        output.WriteLine();
        output.WriteLine("| system | version | on disk at the OK | a batch is |");
        output.WriteLine("|---|---|---|---|");
        foreach (MeasuredSystem system in report.Systems)
            output.WriteLine($"| {system.Name} | {system.Version} | {system.AtTheOk} | {system.Batch} |");
        foreach (string absent in report.Absent)
            output.WriteLine($"\n{absent}");
    }

    internal static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    internal static string Microseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{(value < 10 ? $"{value:N2}" : $"{value:N0}")} us");

    internal static string Time(double? microseconds) => microseconds switch
    {
        null => "",
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{microseconds:N0} us"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{microseconds / 1e3:N1} ms"),
    };
}
