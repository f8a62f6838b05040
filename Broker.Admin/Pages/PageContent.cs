namespace Broker.Admin;

/// <summary>What a page shows.</summary>
/// <param name="Page">The component.</param>
/// <param name="Title">Its title.</param>
/// <param name="Model">What the component is given as its parameter <c>Model</c>.</param>
public sealed record PageContent(Type Page, string Title, object Model)
{
    /// <summary>A sentence for each node that did not answer.</summary>
    public IReadOnlyList<string> Failures { get; init; } = [];

    /// <summary>Why there is little to see; null when there is all.</summary>
    public string? Error { get; init; }

    /// <summary>HTTP status of the answer.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The sample that is shown; null for a page that does not change by itself.</summary>
    public ClusterSample? Sample { get; init; }
}
