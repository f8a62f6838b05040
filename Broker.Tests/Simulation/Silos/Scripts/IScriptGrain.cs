namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>One request at a time.</summary>
public interface IScriptGrain : IScripted;
