namespace Broker.Serving.Limits;

/// <summary>The commands that a connection may give: so many a second, and those of a second that were not given later at once.</summary>
/// <param name="perSecond">More than 0.</param>
/// <param name="time">The clock.</param>
public sealed class CommandAllowance(int perSecond, TimeProvider time)
{
    private double _left = perSecond;
    private long _lastTake = time.GetTimestamp();

    /// <summary>Takes what has been given.</summary>
    /// <returns>How long to wait before more is read; zero or less for not at all.</returns>
    public TimeSpan Take(int commands)
    {
        long now = time.GetTimestamp();
        _left = Math.Min(perSecond, _left + (time.GetElapsedTime(_lastTake, now).TotalSeconds * perSecond)) - commands;
        _lastTake = now;
        return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_left / perSecond);
    }
}
