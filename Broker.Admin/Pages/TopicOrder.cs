namespace Broker.Admin;

/// <summary>A column by which topics are sorted.</summary>
/// <param name="Name">What it is called in URLs.</param>
/// <param name="Title">What it is called on the page.</param>
/// <param name="IsNumber">Whether it holds numbers, greatest first.</param>
/// <param name="Sort">Brings topics into its order, ascending.</param>
public sealed record TopicOrder(string Name, string Title, bool IsNumber, Func<IEnumerable<TopicSample>, IOrderedEnumerable<TopicSample>> Sort)
{
    /// <summary>All columns in their order on the page.</summary>
    public static readonly IReadOnlyList<TopicOrder> All =
    [
        new("name", "Topic", false, static topics => topics.OrderBy(static topic => topic.Name, StringComparer.Ordinal)),
        Number("rate", "Messages/s", static topic => topic.Rate),
        Number("depth", "Depth", static topic => topic.Depth),
        Number("in-flight", "In flight", static topic => topic.InFlight),
        Number("deferred", "Deferred", static topic => topic.Deferred),
        Number("channels", "Channels", static topic => topic.Channels.Count),
        Number("clients", "Consumers", static topic => topic.Clients),
        Number("messages", "Messages", static topic => topic.Figures.MessageCount),
    ];

    private static TopicOrder Number(string name, string title, Func<TopicSample, double> key) =>
        new(name, title, true, topics => topics.OrderByDescending(key).ThenBy(static topic => topic.Name, StringComparer.Ordinal));
}
