namespace Broker.Bench.Versus.Reports;

/// <summary>A system that was measured.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Version">Its version.</param>
/// <param name="AtTheOk">What is on disk at the OK.</param>
/// <param name="Batch">What stands for a batch.</param>
internal sealed record MeasuredSystem(string Name, string Version, string AtTheOk, string Batch);
