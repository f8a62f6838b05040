namespace Broker.Health;

/// <summary>Something without which a broker is of no use to clients.</summary>
public interface IReadinessCheck
{
    /// <summary>What is checked, in one word.</summary>
    string Name { get; }

    /// <summary>What is wrong, in one line; null when all is well.</summary>
    /// <param name="cancellation">Ends the waiting; who asked takes that for a failure.</param>
    ValueTask<string?> CheckAsync(CancellationToken cancellation);
}
