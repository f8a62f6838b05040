namespace Broker.Admin;

/// <summary>A node, or all of them, did not do what it was asked for. The message says which and why.</summary>
/// <param name="message">What happened.</param>
/// <param name="status">The HTTP status that it answered; null when it did not answer.</param>
/// <param name="answer">What it answered.</param>
public sealed class UpstreamException(string message, int? status = null, string answer = "") : Exception(message)
{
    /// <summary>What it answered; empty when it did not answer.</summary>
    public string Answer => answer;

    /// <summary>The HTTP status that it answered; null when it did not answer.</summary>
    public int? Status => status;
}
