namespace Broker.Admin;

/// <summary>A channel that has given messages up in the last hour.</summary>
/// <param name="Topic">Its topic.</param>
/// <param name="Channel">Its name.</param>
/// <param name="Count">How many messages.</param>
public sealed record DeathToll(string Topic, string Channel, long Count)
{
    /// <summary>The channels of a sample that have, those with the most first.</summary>
    public static IReadOnlyList<DeathToll> Of(ClusterSample sample, FigureHistory history) =>
    [
        .. sample.Topics
            .SelectMany(static topic => topic.Channels.Where(static channel => channel.Figures.Died > 0).Select(channel => (Topic: topic.Name, Channel: channel.Name)))
            .Select(found => new DeathToll(found.Topic, found.Channel, history.Died(sample.At, found.Topic, found.Channel)))
            .Where(static toll => toll.Count > 0)
            .OrderByDescending(static toll => toll.Count),
    ];
}
