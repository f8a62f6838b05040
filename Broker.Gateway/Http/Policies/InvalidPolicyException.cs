namespace Broker.Gateway.Http.Policies;

/// <summary>A policy cannot be as it was sent.</summary>
/// <param name="message">What is wrong and what would be right, in one sentence for who sent it.</param>
public sealed class InvalidPolicyException(string message) : Exception(message);
