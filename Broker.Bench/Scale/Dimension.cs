using Broker.Bench.Versus;

namespace Broker.Bench.Scale;

/// <summary>Something that grows, and the work that shows what this costs.</summary>
/// <param name="Name">What the command line calls it.</param>
/// <param name="Label">What grows, with its unit.</param>
/// <param name="Steps">How far it grows unless somebody says otherwise.</param>
/// <param name="WorkAt">The work at a step.</param>
/// <param name="SettingsAt">The settings of all works, changed for a step.</param>
internal sealed record Dimension(
    string Name, string Label, IReadOnlyList<long> Steps, Func<long, IWork> WorkAt, Func<WorkSettings, long, WorkSettings> SettingsAt);
