namespace Orleans.Runtime;

/// <summary>A timer of a grain; disposing of it ends it.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Starts the timer anew.</summary>
    /// <param name="dueTime">Time to the next tick; <see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    /// <param name="period">
    /// Time from the end of one tick to the next; <see cref="Timeout.InfiniteTimeSpan"/> for a single tick.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A time is negative and not infinite, or longer than 49 days.</exception>
    void Change(TimeSpan dueTime, TimeSpan period);
}
