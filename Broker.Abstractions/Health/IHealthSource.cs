namespace Broker.Health;

/// <summary>Whether what keeps the messages can write; who serves clients tells it on without knowing the store (spec 3.2, <c>/ping</c>).</summary>
public interface IHealthSource
{
    /// <summary>The last failure to write that no later success has healed, in one line; null when all is well.</summary>
    string? Failure { get; }
}
