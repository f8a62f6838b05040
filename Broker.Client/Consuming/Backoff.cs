namespace Broker.Client;

/// <summary>How far a consumer has withdrawn after failures: the state machine of NSQ's own clients, without its clock.</summary>
/// <remarks>
/// A failure raises the level and starts a pause; what ends during the pause does not count. After it one message at a time
/// is let through: its success lowers the level, its failure raises it, and both start the pause of the new level, until
/// level 0 is reached.
/// </remarks>
internal sealed class Backoff(NsqConsumerOptions options, Random random)
{
    /// <summary>0 when there is no reason to hold back.</summary>
    public int Level { get; private set; }

    /// <summary>Whether nothing may be received now.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Takes the outcome of a message.</summary>
    /// <param name="outcome">How it ended.</param>
    /// <param name="pause">How long to pause from now on; zero when <see cref="Level"/> fell to 0.</param>
    /// <returns>Whether anything changed.</returns>
    public bool Take(MessageOutcome outcome, out TimeSpan pause)
    {
        pause = TimeSpan.Zero;
        if (IsPaused || options.MaxBackoff == TimeSpan.Zero) return false;
        int before = Level;
        if (outcome == MessageOutcome.Finished && Level > 0) Level--;
        if (outcome == MessageOutcome.Failed && Longest(Level + 1) <= options.MaxBackoff.TotalMilliseconds) Level++;
        if (Level == 0) return before > 0;
        double longest = Math.Min(Longest(Level), options.MaxBackoff.TotalMilliseconds);
        if (options.BackoffStrategy == NsqBackoffStrategy.FullJitter) longest *= random.NextDouble();
        pause = TimeSpan.FromMilliseconds(longest);
        IsPaused = true;
        return true;
    }

    /// <summary>The pause is over.</summary>
    public void Resume() => IsPaused = false;

    private double Longest(int level) => options.BackoffMultiplier.TotalMilliseconds * Math.Pow(2, level);
}
