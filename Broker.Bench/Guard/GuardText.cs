using System.Globalization;

namespace Broker.Bench.Guard;

/// <summary>Writes the comparison for people.</summary>
internal static class GuardText
{
    public static void Write(TextWriter output, GuardReport report)
    {
        output.WriteLine($"{"per message",-74}{"B before",10}{"B now",10}{"ns before",11}{"ns now",10}");
        foreach (GuardVerdict verdict in report.Verdicts)
        {
            output.WriteLine(
                $"{verdict.Name,-74}{Number(verdict.Before?.AllocatedBytes),10}{Number(verdict.Now?.AllocatedBytes),10}"
                + $"{Number(verdict.Before?.Nanoseconds),11}{Number(verdict.Now?.Nanoseconds),10}{Remark(verdict)}");
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"this machine takes {report.Speed:0.00} times as long as when the baseline was written; \"slower\" is beside that"));
        output.WriteLine(report.IsBroken
            ? "something allocates more than it did: find out why, or write a new baseline with --write and say why in the commit"
            : "nothing allocates more than it did");
    }

    private static string Remark(GuardVerdict verdict) => verdict switch
    {
        { Now: null } => "  GONE",
        { Before: null } => "  new",
        { AllocatesMore: true } => "  ALLOCATES MORE",
        { TakesLonger: true } => "  slower",
        _ => "",
    };

    private static string Number(double? value) => value is double number ? number.ToString(number < 100 ? "0.0" : "N0", CultureInfo.InvariantCulture) : "-";
}
