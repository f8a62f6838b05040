namespace Broker.Gateway.Timing;

/// <summary>
/// The pauses between the tries of one call. What is refused is tried again soon. What got no answer in time is tried again after a pause that grows
/// with the time that was waited for it: who is slow under load is not given the same again and again.
/// </summary>
/// <remarks>Each pause is shortened by up to a quarter at random, so that those who waited for the same do not all come back at once.</remarks>
/// <param name="random">What pauses are shortened by.</param>
internal sealed class RetryPause(Random random)
{
    /// <summary>Longest pause after a try that got no answer: as long it takes at most until one that is fast again is tried.</summary>
    public static readonly TimeSpan LongestUnanswered = TimeSpan.FromSeconds(5);

    private const double Jitter = 0.25;

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestRefused = TimeSpan.FromSeconds(1);

    private TimeSpan _refused = First;
    private double _unanswered = 0.25;

    /// <summary>How long to wait before the next try.</summary>
    /// <param name="fault">How the last one ended; null when it was answered, but refused.</param>
    /// <param name="took">How long it took.</param>
    public TimeSpan After(Exception? fault, TimeSpan took)
    {
        TimeSpan pause;
        if (fault is TimeoutException)
        {
            pause = Within(First, took * _unanswered, LongestUnanswered);
            _unanswered *= 2;
        }
        else
        {
            pause = _refused;
            _refused = Within(First, _refused * 2, LongestRefused);
        }
        return pause * (1 - Jitter * random.NextDouble());
    }

    private static TimeSpan Within(TimeSpan least, TimeSpan pause, TimeSpan most) => pause < least ? least : pause > most ? most : pause;
}
