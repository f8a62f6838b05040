namespace Broker.Admin;

/// <summary>The last hour of something's figures, in memory that does not grow: one point each <see cref="Step"/>.</summary>
public sealed class FigureRing
{
    /// <summary>Points that are kept.</summary>
    public const int Points = 180;

    private const long StepMilliseconds = 20_000;

    // What was never written, or is older than an hour, has another time than the one that its place stands for.
    private readonly FigurePoint[] _points = new FigurePoint[Points];

    /// <summary>Time between two points.</summary>
    public static TimeSpan Step { get; } = TimeSpan.FromMilliseconds(StepMilliseconds);

    /// <summary>The last time that a figure changed: milliseconds since the Unix epoch.</summary>
    public long ChangedAt { get; private set; }

    /// <summary>Puts the latest figures of a step in the place of earlier ones.</summary>
    public void Put(DateTimeOffset at, FigureCounts counts)
    {
        long time = at.ToUnixTimeMilliseconds();
        long step = time / StepMilliseconds;
        FigurePoint before = _points[PlaceOf(step - 1)];
        if (before.At / StepMilliseconds != step - 1 || before.Counts != counts)
            ChangedAt = time;
        _points[PlaceOf(step)] = new FigurePoint(time, counts);
    }

    /// <summary>The points of the hour up to a time, oldest first; null where nothing is known.</summary>
    public FigurePoint?[] Read(DateTimeOffset until)
    {
        long last = until.ToUnixTimeMilliseconds() / StepMilliseconds;
        FigurePoint?[] points = new FigurePoint?[Points];
        for (int i = 0; i < Points; i++)
        {
            long step = last - Points + 1 + i;
            FigurePoint point = _points[PlaceOf(step)];
            points[i] = point.At > 0 && point.At / StepMilliseconds == step ? point : null;
        }
        return points;
    }

    private static int PlaceOf(long step) => (int)(step % Points);
}
