namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Makes a method a script, and says what it notes wherever it runs.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OutcomeAttribute(params string[] lines) : Attribute
{
    public IReadOnlyList<string> Lines { get; } = lines;
}
