namespace Broker.Admin;

/// <summary>How many messages all channels were given.</summary>
/// <param name="Sample">The channels.</param>
/// <param name="History">Their last hour together.</param>
public sealed record CounterModel(ClusterSample Sample, FigurePoint?[] History);
