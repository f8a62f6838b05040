using Broker.Serving.Http;

namespace Broker.Gateway.Http.Stats;

/// <summary>What <c>/stats</c> was asked for (spec 3.4).</summary>
/// <param name="Topic">Only this topic; null for all.</param>
/// <param name="Channel">Only this channel, and only topics that have it; null for all.</param>
/// <param name="IncludeClients">Whether consumers and producers are listed.</param>
/// <param name="IncludeMemory">Whether the process's memory is told.</param>
/// <param name="IsClusterWide">Whether the topics of all nodes are told, and not only those of this one; ours.</param>
public readonly record struct StatsQuestion(string? Topic, string? Channel, bool IncludeClients, bool IncludeMemory, bool IsClusterWide = false)
{
    /// <summary>What the parameters ask for. An empty name is none, and what is no boolean means yes.</summary>
    public static StatsQuestion Of(QueryParameters parameters) => new(
        NullIfEmpty(parameters.Find("topic")),
        NullIfEmpty(parameters.Find("channel")),
        parameters.FindBoolean("include_clients") ?? true,
        parameters.FindBoolean("include_mem") ?? true,
        parameters.FindBoolean("cluster") ?? false);

    private static string? NullIfEmpty(string? text) => text is { Length: > 0 } ? text : null;
}
