using System.Globalization;
using System.Text;
using Broker.Bench.Versus.Reports;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Broker.Bench.Scale;

/// <summary>Draws what was measured: rate, CPU, latency and memory above each other, over the same steps.</summary>
internal static class ScaleChart
{
    private const double Width = 720;
    private const double Height = 640;

    // Between two panels, as a share of one.
    private const double Gap = 0.18;

    // Room above the highest point.
    private const double Headroom = 1.15;

    private static readonly (string Title, OxyColor Color, Func<VersusRow, double?> Select)[] Panels =
    [
        ("messages a second", OxyColors.SteelBlue, row => row.MessagesPerSecond),
        ("server CPU us a message", OxyColors.DarkOrange, row => row.CpuUsPerMessage),
        ("p99 ms", OxyColors.Firebrick, row => row.P99Us / 1000),
        ("resident MB", OxyColors.SeaGreen, row => row.ResidentBytes / 1e6),
    ];

    /// <summary>The chart as SVG.</summary>
    public static string Draw(ScaleReport report)
    {
        PlotModel model = new()
        {
            Title = $"{report.System} {report.Version}: {report.Label}",
            TitleFontSize = 14,
            Background = OxyColors.White,
            PlotAreaBorderThickness = new OxyThickness(0),
            PlotMargins = new OxyThickness(90, 20, 20, 50),
        };
        // The steps are spread evenly: they grow by factors, from 0 on.
        CategoryAxis steps = new() { Position = AxisPosition.Bottom, Title = report.Label, IsTickCentered = true, Key = "steps", GapWidth = 0 };
        steps.Labels.AddRange(report.Points.Select(point => point.Step.ToString("N0", CultureInfo.InvariantCulture)));
        model.Axes.Add(steps);
        for (int panel = 0; panel < Panels.Length; panel++)
            AddPanel(model, report, panel);
        using MemoryStream svg = new();
        new SvgExporter { Width = Width, Height = Height }.Export(model, svg);
        return Encoding.UTF8.GetString(svg.ToArray());
    }

    private static void AddPanel(PlotModel model, ScaleReport report, int panel)
    {
        (string title, OxyColor color, Func<VersusRow, double?> select) = Panels[panel];
        double height = 1.0 / Panels.Length;
        double highest = report.Points.Max(point => select(point.Figures) ?? 0);
        // Positions count from below.
        double bottom = 1 - ((panel + 1) * height);
        model.Axes.Add(new LinearAxis
        {
            Key = title,
            Title = title,
            Position = AxisPosition.Left,
            StartPosition = bottom,
            EndPosition = bottom + (height * (1 - Gap)),
            Minimum = 0,
            Maximum = highest > 0 ? highest * Headroom : 1,
            MajorGridlineStyle = LineStyle.Dot,
            MajorGridlineColor = OxyColors.LightGray,
            AxislineStyle = LineStyle.Solid,
            MinorTickSize = 0,
            AxisTitleDistance = 30,
            FontSize = 10,
            StringFormat = "#,0.####",
        });
        LineSeries line = new() { YAxisKey = title, XAxisKey = "steps", Color = color, MarkerType = MarkerType.Circle, MarkerSize = 3, MarkerFill = color };
        for (int index = 0; index < report.Points.Count; index++)
        {
            if (select(report.Points[index].Figures) is double value)
                line.Points.Add(new DataPoint(index, value));
        }
        model.Series.Add(line);
    }
}
