namespace Broker.Orleans.Embedded;

/// <summary>How the embedded host runs grains.</summary>
public sealed class EmbeddedGrainHostOptions
{
    /// <summary>
    /// How long a caller waits for a response, unless the method says otherwise;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for as long as it takes.
    /// </summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a grain may be without requests before it is deactivated, give or take two quanta.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle grains are looked for.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a grain may take to activate.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long <c>OnDeactivateAsync</c> is waited for.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether a call to an idle grain runs on the caller's thread. If not, calls and responses are messages which the
    /// <see cref="ITurnScheduler"/> delivers in the order that it likes, one turn at a time.
    /// </summary>
    public bool InlineTurns { get; set; } = true;
}
