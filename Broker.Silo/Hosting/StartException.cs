namespace Broker.Silo.Hosting;

/// <summary>The broker cannot start where it is: an address is taken, a path is gone. The message is one line.</summary>
public sealed class StartException(string message) : Exception(message);
