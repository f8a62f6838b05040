namespace Broker.Admin;

/// <summary>The last hour of something's figures, in memory that does not grow: one point each <see cref="Step"/>.</summary>
public sealed class FigureRing
{
    /// <summary>Points that are kept.</summary>
    public const int Points = 180;

    private readonly FigureCounts[] _counts = new FigureCounts[Points];

    // Which point in time each place holds; what was never written, or is older than an hour, holds another.
    private readonly long[] _steps = new long[Points];

    /// <summary>Time between two points.</summary>
    public static TimeSpan Step { get; } = TimeSpan.FromSeconds(20);

    /// <summary>The last time that a figure changed, in steps.</summary>
    public long ChangedAt { get; private set; }

    /// <summary>The number of the step that a time belongs to; never 0.</summary>
    public static long StepOf(DateTimeOffset time) => time.UtcTicks / Step.Ticks;

    /// <summary>Puts the latest figures of a step in the place of earlier ones.</summary>
    public void Put(long step, FigureCounts counts)
    {
        int place = (int)(step % Points);
        if (_counts[(int)((step + Points - 1) % Points)] != counts)
            ChangedAt = step;
        _steps[place] = step;
        _counts[place] = counts;
    }

    /// <summary>The figures of the hour up to a step, oldest first; null where nothing is known.</summary>
    public FigureCounts?[] Read(long lastStep)
    {
        FigureCounts?[] points = new FigureCounts?[Points];
        for (int i = 0; i < Points; i++)
        {
            long step = lastStep - Points + 1 + i;
            int place = (int)(step % Points);
            points[i] = _steps[place] == step ? _counts[place] : null;
        }
        return points;
    }
}
