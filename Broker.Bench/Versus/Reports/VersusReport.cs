namespace Broker.Bench.Versus.Reports;

/// <summary>The same works on several systems, in turns.</summary>
/// <param name="Systems">What was measured.</param>
/// <param name="Absent">What was not, and why.</param>
/// <param name="Works">What was done, in words.</param>
/// <param name="Size">Bytes of a message's body.</param>
/// <param name="Seconds">How long each turn was measured, at most.</param>
/// <param name="Fresh">Whether each turn had a server of its own, just started.</param>
/// <param name="Rows">The figures.</param>
internal sealed record VersusReport(
    IReadOnlyList<MeasuredSystem> Systems,
    IReadOnlyList<string> Absent,
    IReadOnlyList<DescribedWork> Works,
    int Size,
    double Seconds,
    bool Fresh,
    IReadOnlyList<VersusRow> Rows);
