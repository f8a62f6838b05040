namespace Broker.Tests.Engine;

/// <summary>A test of a broker on virtual time.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class VirtualTimeFactAttribute : FactAttribute;
