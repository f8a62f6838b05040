namespace Broker.Bench.Reports;

/// <summary>The same work on two servers, in turns.</summary>
/// <param name="A">Runs on the first server, in order.</param>
/// <param name="B">Runs on the second server, in order.</param>
/// <param name="Ratios">For each figure, the median of B over the median of A; only figures that both have.</param>
public sealed record ComparisonReport(IReadOnlyList<LoadReport> A, IReadOnlyList<LoadReport> B, IReadOnlyList<ComparedFigure> Ratios)
{
    private static readonly (string Name, Func<LoadReport, double?> Select)[] Figures =
    [
        ("published msg/s", report => report.Published?.MessagesPerSecond),
        ("publish p50 us", report => report.Published?.Latency?.P50Us),
        ("publish p99 us", report => report.Published?.Latency?.P99Us),
        ("received msg/s", report => report.Received?.MessagesPerSecond),
        ("until drained msg/s", report => report.EndToEndMessagesPerSecond),
        ("end to end p50 us", report => report.Received?.Latency?.P50Us),
        ("end to end p99 us", report => report.Received?.Latency?.P99Us),
        ("server CPU us/message", report => report.ServerProcess?.CpuUsPerMessage),
        ("server RSS MB", report => report.ServerProcess?.ResidentBytes / 1e6),
        ("generator CPU us/message", report => report.Generator.CpuUsPerMessage),
    ];

    /// <summary>Compares runs of the same work.</summary>
    public static ComparisonReport Of(IReadOnlyList<LoadReport> a, IReadOnlyList<LoadReport> b)
    {
        List<ComparedFigure> ratios = [];
        foreach ((string name, Func<LoadReport, double?> select) in Figures)
        {
            if (Median(a, select) is double first && Median(b, select) is double second)
                ratios.Add(new ComparedFigure(name, first, second, first == 0 ? null : second / first));
        }
        return new ComparisonReport(a, b, ratios);
    }

    /// <summary>The median of a figure over the runs that have it; null if none has.</summary>
    internal static double? Median(IReadOnlyList<LoadReport> runs, Func<LoadReport, double?> select)
    {
        double[] values = [.. runs.Select(select).OfType<double>().Order()];
        if (values.Length == 0)
            return null;
        int middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
