namespace Broker.Admin;

/// <summary>What every page needs to know beside what it shows.</summary>
public sealed class PageContext
{
    /// <summary>Who looks at it.</summary>
    public required AdminUser User { get; init; }

    /// <summary>Where other pages are.</summary>
    public required AdminPaths Paths { get; init; }

    /// <summary>Where its files are.</summary>
    public required StaticFiles Files { get; init; }

    /// <summary>Path and query of the page itself.</summary>
    public required string Url { get; init; }

    /// <summary>Proves that a form comes from a page of this site.</summary>
    public required string FormToken { get; init; }

    /// <summary>What was just done, to be told once; null when nothing was.</summary>
    public Notice? Notice { get; init; }

    /// <summary>The version that is shown.</summary>
    public required string Version { get; init; }

    /// <summary>Whether there is a page to log in on.</summary>
    public required bool HasLogin { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>Graphite's graphs; null when there is no Graphite.</summary>
    public GraphiteGraphs? Graphs { get; init; }

    /// <summary>Path of the page without its query.</summary>
    public string Path => Url.Split('?')[0];
}
