namespace Broker.Gateway.Publishing;

/// <summary>
/// How long a topic's answers are waited for, by how long they took lately: under load they take longer, and asking again too early would only add
/// to it.
/// </summary>
/// <param name="silence">How long a publish waits at least for any word of its topic.</param>
internal sealed class PublishPatience(TimeSpan silence)
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(10);

    private const int MostDoublings = 3;

    private long _usual;
    private int _silences;

    /// <summary>
    /// How long to wait before the same is asked again beside the call that is open: a call that got lost is asked again after that. Doubled with each
    /// publish that got no answer at all, until one gets it: what is published next asks anyway.
    /// </summary>
    public TimeSpan BeforeAskingAgain => Clamp(2, Least * (1 << Math.Min(Volatile.Read(ref _silences), MostDoublings)));

    /// <summary>How long to wait for any word before it is given up.</summary>
    public TimeSpan BeforeGivingUp => Clamp(4, silence);

    /// <summary>An answer came.</summary>
    public void Learn(TimeSpan took)
    {
        // Rises at once and falls slowly. Calls learn beside each other; one that is lost among them does not matter.
        long usual = Volatile.Read(ref _usual);
        Volatile.Write(ref _usual, Math.Max(took.Ticks, usual - usual / 8));
        Volatile.Write(ref _silences, 0);
    }

    /// <summary>A publish was given up without an answer.</summary>
    public void LearnSilence() => Interlocked.Increment(ref _silences);

    private TimeSpan Clamp(int times, TimeSpan least) =>
        TimeSpan.FromTicks(Math.Max(Math.Min(Volatile.Read(ref _usual) * times, Most.Ticks), least.Ticks));
}
