using System.Globalization;
using System.Text;

namespace Broker.Admin;

/// <summary>One line of a chart, as the path of an SVG whose height is the chart's greatest value.</summary>
public sealed class ChartLine
{
    private const double ShortestSeconds = 4;

    private readonly double?[] _points;

    private ChartLine(double?[] points) => _points = points;

    /// <summary>The greatest value; 0 when there is none.</summary>
    public double Max => _points.Max() ?? 0;

    /// <summary>The last value that is known; null when there is none.</summary>
    public double? Last => Array.FindLast(_points, static point => point is not null);

    /// <summary>Values as they are.</summary>
    public static ChartLine OfGauge(FigurePoint?[] history, Func<FigureCounts, long> value) =>
        new([.. history.Select(point => point is { } known ? (double?)value(known.Counts) : null)]);

    /// <summary>How many a second a count grew by between two points.</summary>
    public static ChartLine OfRate(FigurePoint?[] history, Func<FigureCounts, long> count)
    {
        double?[] points = new double?[history.Length];
        for (int i = 1; i < history.Length; i++)
        {
            if (history[i - 1] is not { } before || history[i] is not { } now)
                continue;
            // Of a step that has only begun there is next to nothing to say.
            double seconds = (now.At - before.At) / 1000.0;
            points[i] = seconds < ShortestSeconds && points[i - 1] is { } last
                ? last
                : Math.Max(0, count(now.Counts) - count(before.Counts)) / Math.Max(1, seconds);
        }
        return new ChartLine(points);
    }

    /// <summary>The same line of fewer points: of several the greatest.</summary>
    /// <param name="count">The points that are left, a divisor of those there are.</param>
    public ChartLine Thin(int count) => new([.. _points.Chunk(_points.Length / count).Select(static some => some.Max())]);

    /// <summary>The line.</summary>
    /// <param name="width">Width of the SVG.</param>
    /// <param name="height">Height of the SVG.</param>
    /// <param name="max">The value at its top.</param>
    public string PathOf(double width, double height, double max) => Draw(width, height, max, isArea: false);

    /// <summary>What lies below the line.</summary>
    /// <inheritdoc cref="PathOf"/>
    public string AreaOf(double width, double height, double max) => Draw(width, height, max, isArea: true);

    private string Draw(double width, double height, double max, bool isArea)
    {
        StringBuilder path = new();
        double step = width / (_points.Length - 1);
        double scale = max > 0 ? (height - 2) / max : 0;
        int begin = -1;
        for (int i = 0; i <= _points.Length; i++)
        {
            if (i < _points.Length && _points[i] is { } value)
            {
                if (begin < 0)
                {
                    begin = i;
                    path.Append('M');
                    if (isArea)
                        Append(path, i * step, height).Append('L');
                }
                else
                {
                    path.Append('L');
                }
                Append(path, i * step, height - 1 - value * scale);
            }
            else if (begin >= 0)
            {
                if (isArea)
                    Append(path.Append('L'), (i - 1) * step, height).Append('Z');
                else if (begin == i - 1)
                    path.Append("h1");
                begin = -1;
            }
        }
        return path.ToString();
    }

    private static StringBuilder Append(StringBuilder path, double x, double y) =>
        path.Append(x.ToString("0.#", CultureInfo.InvariantCulture)).Append(' ').Append(y.ToString("0.#", CultureInfo.InvariantCulture));
}
