using System.Globalization;

namespace Broker.Bench.Reports;

/// <summary>Writes a comparison for people.</summary>
internal static class ComparisonText
{
    public static void Write(TextWriter output, ComparisonReport report)
    {
        output.WriteLine($"{"median of " + report.A.Count,-26}{"A",14}{"B",14}{"B / A",9}");
        foreach (ComparedFigure figure in report.Ratios)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{figure.Name,-26}{Value(figure.A),14}{Value(figure.B),14}{figure.Ratio,9:N3}"));
        }
    }

    private static string Value(double value) =>
        value.ToString(Math.Abs(value) < 100 ? "N2" : "N0", CultureInfo.InvariantCulture);
}
