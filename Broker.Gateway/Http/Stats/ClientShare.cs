using Broker.Gateway.Connections;

namespace Broker.Gateway.Http.Stats;

/// <summary>
/// Counts in a node's figures the clients that are connected to this node, instead of those that the channels it hosts have on all
/// nodes; of what other nodes host, the clients are all that there is to tell.
/// </summary>
internal static class ClientShare
{
    /// <summary>The documents with this node's clients.</summary>
    /// <param name="documents">What is hosted here.</param>
    /// <param name="connections">The clients of this node.</param>
    /// <param name="question">What was asked for.</param>
    /// <param name="describe">Describes a client that a channel hosted elsewhere knows more of.</param>
    public static List<TopicDocument> Of(
        List<TopicDocument> documents,
        IEnumerable<ConnectionSnapshot> connections,
        StatsQuestion question,
        Func<ConnectionSnapshot, StatsQuestion, ClientDocument> describe)
    {
        Dictionary<(string Topic, string Channel), List<ConnectionSnapshot>> subscribed = connections
            .Where(connection => connection.Channel.Length > 0
                && (question.Topic is null || connection.Topic == question.Topic)
                && (question.Channel is null || connection.Channel == question.Channel))
            .GroupBy(static connection => (connection.Topic, connection.Channel))
            .ToDictionary(static group => group.Key, static group => group.OrderBy(static connection => connection.Number).ToList());
        List<TopicDocument> all =
        [
            .. documents.Select(topic => topic with
            {
                Channels =
                [
                    .. topic.Channels.Select(channel =>
                    {
                        subscribed.Remove((topic.Name, channel.Name), out List<ConnectionSnapshot>? own);
                        return channel with { ClientCount = own?.Count ?? 0 };
                    }),
                ],
            }),
        ];
        foreach (IGrouping<string, KeyValuePair<(string Topic, string Channel), List<ConnectionSnapshot>>> topic in
            subscribed.GroupBy(static entry => entry.Key.Topic))
        {
            all.Add(new TopicDocument
            {
                Name = topic.Key,
                Channels =
                [
                    .. topic.OrderBy(static entry => entry.Key.Channel, StringComparer.Ordinal).Select(entry => new ChannelDocument
                    {
                        Name = entry.Key.Channel,
                        ClientCount = entry.Value.Count,
                        Clients = question.IncludeClients ? [.. entry.Value.Select(connection => describe(connection, question))] : null,
                    }),
                ],
            });
        }

        return [.. all.OrderBy(static topic => topic.Name, StringComparer.Ordinal)];
    }
}
