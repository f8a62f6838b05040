namespace Broker.Bench.Versus;

/// <summary>Who does what, how often.</summary>
/// <param name="Systems">The systems.</param>
/// <param name="Works">The works.</param>
/// <param name="Settings">What the works have in common.</param>
/// <param name="Rounds">How often each work is done on each system.</param>
/// <param name="Fresh">Whether each turn has a server of its own, just started, rather than all one.</param>
/// <param name="Programs">Paths of programs by their names; the others are looked for.</param>
/// <param name="DataFolder">Where servers keep their data; null for the system's folder of temporary files.</param>
internal sealed record ContestPlan(
    IReadOnlyList<ISystem> Systems,
    IReadOnlyList<IWork> Works,
    WorkSettings Settings,
    int Rounds,
    bool Fresh,
    IReadOnlyDictionary<string, string> Programs,
    string? DataFolder);
