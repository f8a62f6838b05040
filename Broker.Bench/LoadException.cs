namespace Broker.Bench;

/// <summary>A run cannot begin or go on, for a reason that its message tells the user in one line.</summary>
public sealed class LoadException(string message, Exception? inner = null) : Exception(message, inner);
