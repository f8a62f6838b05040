using Microsoft.Extensions.Logging;

namespace Broker.Silo.Logging;

/// <summary>
/// Keeps the log readable when one thing happens over and over, as a client that misbehaves can make it: of each kind of event so many lines a
/// second are written, and the next one after that says how many were left out. Lines for debugging are never left out.
/// </summary>
/// <param name="perSecond">Lines of one event a second; 0 for no limit.</param>
/// <param name="time">The clock.</param>
public sealed class LogThrottle(int perSecond, TimeProvider time)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<(string Category, int Event), Window> _windows = [];

    /// <summary>Whether a line may be written.</summary>
    /// <param name="category">Who logs.</param>
    /// <param name="eventId">What happened.</param>
    /// <param name="level">How severe it is.</param>
    /// <param name="leftOut">How many lines of the same event were left out before this one.</param>
    public bool Admits(string category, EventId eventId, LogLevel level, out long leftOut)
    {
        leftOut = 0;
        if (perSecond == 0 || level < LogLevel.Information)
            return true;
        lock (_sync)
        {
            if (!_windows.TryGetValue((category, eventId.Id), out Window? window))
                _windows.Add((category, eventId.Id), window = new Window(time.GetTimestamp()));
            if (time.GetElapsedTime(window.Start) >= TimeSpan.FromSeconds(1))
                (window.Start, window.Lines) = (time.GetTimestamp(), 0);
            if (window.Lines == perSecond)
            {
                window.LeftOut++;
                return false;
            }

            window.Lines++;
            (leftOut, window.LeftOut) = (window.LeftOut, 0);
            return true;
        }
    }

    private sealed class Window(long start)
    {
        public long Start { get; set; } = start;

        public int Lines { get; set; }

        public long LeftOut { get; set; }
    }
}
