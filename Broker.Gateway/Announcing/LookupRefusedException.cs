namespace Broker.Gateway.Announcing;

/// <summary>A lookup service answered something other than what a command is to be answered.</summary>
internal sealed class LookupRefusedException(string message) : Exception(message);
