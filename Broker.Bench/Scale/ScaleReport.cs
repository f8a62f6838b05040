namespace Broker.Bench.Scale;

/// <summary>What it costs that something grows.</summary>
/// <param name="Dimension">Name of what grows.</param>
/// <param name="Label">What grows, in words.</param>
/// <param name="Work">What was done, in words.</param>
/// <param name="System">On what.</param>
/// <param name="Version">Its version.</param>
/// <param name="Rounds">How often each step was measured; figures are medians.</param>
/// <param name="Points">The steps.</param>
internal sealed record ScaleReport(
    string Dimension, string Label, string Work, string System, string Version, int Rounds, IReadOnlyList<ScalePoint> Points)
{
    /// <summary>Acknowledged messages that did not come, over all turns.</summary>
    public long Missing => Points.Sum(point => point.Figures.Missing);
}
