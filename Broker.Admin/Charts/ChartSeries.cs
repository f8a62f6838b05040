namespace Broker.Admin;

/// <summary>A line of a chart with its name.</summary>
/// <param name="Label">What it shows.</param>
/// <param name="Class">The CSS class of its colour: <c>a</c>, <c>b</c> or <c>c</c>.</param>
/// <param name="Line">The line.</param>
/// <param name="Now">What it is now, as the page shows it elsewhere: the line's last step is an average, and may only have begun.</param>
public sealed record ChartSeries(string Label, string Class, ChartLine Line, double Now);
