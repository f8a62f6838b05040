namespace Broker.Tests.Engine;

/// <summary>
/// A test of a broker on virtual time, which only the embedded engine keeps: a silo has work of its own every second, so that days of it take
/// hours.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VirtualTimeTheoryAttribute : TheoryAttribute
{
    public VirtualTimeTheoryAttribute() => Skip = "virtual time is the embedded engine's";
}
