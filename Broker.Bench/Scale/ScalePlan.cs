using Broker.Bench.Versus;

namespace Broker.Bench.Scale;

/// <summary>What grows, how far, and on what.</summary>
/// <param name="Dimension">What grows.</param>
/// <param name="Steps">The steps, the least first.</param>
/// <param name="System">What is measured; by the step where that is a cluster.</param>
/// <param name="Program">Path of its program.</param>
/// <param name="Settings">What the work has at all steps.</param>
/// <param name="Rounds">How often each step is measured.</param>
/// <param name="DataFolder">Where servers keep their data; null for the system's folder of temporary files.</param>
internal sealed record ScalePlan(
    Dimension Dimension,
    IReadOnlyList<long> Steps,
    Func<long, ISystem> System,
    string Program,
    WorkSettings Settings,
    int Rounds,
    string? DataFolder);
