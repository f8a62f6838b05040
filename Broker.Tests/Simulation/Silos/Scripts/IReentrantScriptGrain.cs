namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Requests interleave.</summary>
public interface IReentrantScriptGrain : IScripted;
