namespace Broker.Tests.Embedded;

/// <summary>The same, reentrant.</summary>
public interface IReentrantScriptGrain : IScriptGrain;
