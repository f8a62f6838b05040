using System.Globalization;
using System.Text.Json.Serialization.Metadata;

namespace Broker.Admin;

/// <summary>
/// All brokers that are looked at, as one: what they say is brought together, and what is to be done is done on each. Who does not
/// answer is told of beside what the others said; only when nobody answers there is nothing to say (spec 5.1).
/// </summary>
/// <param name="client">Asks one.</param>
/// <param name="addresses">Whom to ask.</param>
/// <param name="time">The clock.</param>
public sealed class BrokerCluster(NodeClient client, ClusterAddresses addresses, TimeProvider time)
{
    private const int QuestionsAtOnce = 16;

    /// <summary>Whether lookup services are asked which brokers there are.</summary>
    public bool HasLookups => addresses.Lookups.Count > 0;

    /// <summary>The lookup services.</summary>
    public IReadOnlyList<string> Lookups => addresses.Lookups;

    /// <summary>The names of all topics in order, those without a broker included.</summary>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<Gathered<List<string>>> ListTopicsAsync(CancellationToken cancellation)
    {
        Gathered<List<IEnumerable<string>>> answers = HasLookups
            ? await AskLookupsAsync("/topics", static (_, answer) => answer.Topics ?? Enumerable.Empty<string>(), cancellation)
            : await GatherAsync("nsqd", addresses.Brokers, async broker =>
                TopicsIn(await StatsOfAsync(broker, "&include_clients=false", cancellation)), cancellation);
        return new Gathered<List<string>>(Union(answers.Value), answers.Failures);
    }

    /// <summary>The channels that lookup services know of a topic.</summary>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<Gathered<List<string>>> ListChannelsAsync(string topic, CancellationToken cancellation)
    {
        Gathered<List<IEnumerable<string>>> answers = await AskLookupsAsync(
            $"/channels?topic={Escape(topic)}", static (_, answer) => answer.Channels ?? Enumerable.Empty<string>(), cancellation);
        return new Gathered<List<string>>(Union(answers.Value), answers.Failures);
    }

    /// <summary>Those of some topics that no broker has; none without lookup services.</summary>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<List<string>> ListInactiveAsync(IReadOnlyList<string> topics, CancellationToken cancellation)
    {
        if (!HasLookups)
            return [];
        HashSet<string> active =
        [
            .. (await ListNodesAsync(cancellation)).Value.SelectMany(static node => node.Topics ?? [])
                .Where(static topic => !topic.IsTombstoned).Select(static topic => topic.Topic),
        ];
        return [.. topics.Where(topic => !active.Contains(topic))];
    }

    /// <summary>The channels that lookup services know of some topics; null for a topic without any.</summary>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<SortedDictionary<string, List<string>?>> ListChannelsAsync(IEnumerable<string> topics, CancellationToken cancellation)
    {
        SortedDictionary<string, List<string>?> channels = new(StringComparer.Ordinal);
        foreach (string[] some in topics.Chunk(QuestionsAtOnce))
        {
            Task<Gathered<List<string>>>[] asked = [.. some.Select(topic => ListChannelsAsync(topic, cancellation))];
            for (int i = 0; i < some.Length; i++)
                channels[some[i]] = (await asked[i]).Value is { Count: > 0 } known ? known : null;
        }
        return channels;
    }

    /// <summary>All brokers, by the names of their hosts.</summary>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<Gathered<List<ProducerNode>>> ListNodesAsync(CancellationToken cancellation)
    {
        if (!HasLookups)
        {
            Gathered<List<ProducerNode>> brokers = await DescribeAsync(addresses.Brokers, cancellation);
            return new Gathered<List<ProducerNode>>(Sorted(brokers.Value), brokers.Failures);
        }

        Gathered<List<IEnumerable<(string Lookup, ProducerNode Node)>>> answers = await AskLookupsAsync(
            "/nodes",
            static (lookup, answer) => (answer.Producers ?? []).Select(producer => (lookup, producer.ToNode())),
            cancellation);
        Dictionary<string, ProducerNode> nodes = new(StringComparer.Ordinal);
        foreach ((string lookup, ProducerNode told) in answers.Value.SelectMany(static nodes => nodes))
        {
            if (!nodes.TryGetValue(told.TcpAddress, out ProducerNode? node))
                nodes.Add(told.TcpAddress, node = told);
            (node.RemoteAddresses ??= []).Add($"{lookup}/{(told.RemoteAddress.Length == 0 ? "N/A" : told.RemoteAddress)}");
        }
        NodeVersion newest = nodes.Values.Select(static node => NodeVersion.Of(node.Version)).DefaultIfEmpty().Max();
        foreach (ProducerNode node in nodes.Values)
            node.IsOutOfDate = NodeVersion.Of(node.Version).CompareTo(newest) < 0;
        return new Gathered<List<ProducerNode>>(Sorted(nodes.Values), answers.Failures);
    }

    /// <summary>The brokers that have a topic.</summary>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<Gathered<List<ProducerNode>>> FindProducersAsync(string topic, CancellationToken cancellation)
    {
        if (HasLookups)
            return await LookUpProducersAsync(topic, cancellation);

        Gathered<List<string>> having = await GatherAsync("nsqd", addresses.Brokers, async broker =>
            TopicsIn(await StatsOfAsync(broker, $"&topic={Escape(topic)}&include_clients=false", cancellation)).Contains(topic) ? broker : "",
            cancellation);
        string[] brokers = [.. having.Value.Where(static broker => broker.Length > 0)];
        if (brokers.Length == 0)
            return new Gathered<List<ProducerNode>>([], having.Failures);
        Gathered<List<ProducerNode>> nodes = await GatherAsync("nsqd", brokers, broker => InfoOfAsync(broker, [topic], cancellation), cancellation);
        return nodes.After(having.Failures);
    }

    /// <summary>Figures of topics on each of some brokers, by topic and host. Nobody to ask counts as nobody answering.</summary>
    /// <param name="nodes">The brokers.</param>
    /// <param name="topic">Only this topic; null for all.</param>
    /// <param name="channel">Only this channel of it; null for all.</param>
    /// <param name="includeClients">Whether the channels' clients are told.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<Gathered<List<TopicFigures>>> CollectAsync(
        IReadOnlyList<ProducerNode> nodes, string? topic, string? channel, bool includeClients, CancellationToken cancellation)
    {
        string filter = $"{(topic is null ? "" : $"&topic={Escape(topic)}")}{(channel is null ? "" : $"&channel={Escape(channel)}")}"
            + (includeClients ? "" : "&include_clients=false&include_mem=false");
        if (nodes.Count == 0)
            throw NobodyAnswered("nsqd", []);
        Gathered<List<List<TopicFigures>>> answers = await GatherAsync("nsqd", nodes, async node =>
        {
            List<TopicFigures> figures = (await StatsOfAsync(node.HttpAddress, filter, cancellation)).Topics ?? [];
            if (topic is not null)
                figures.RemoveAll(other => other.TopicName != topic);
            Complete(figures, node);
            return figures;
        }, cancellation);
        return new Gathered<List<TopicFigures>>(
            [.. answers.Value.SelectMany(static figures => figures).OrderBy(static figures => figures.Hostname, StringComparer.Ordinal)],
            answers.Failures);
    }

    /// <summary>Figures of a topic over all brokers that have it.</summary>
    /// <exception cref="UpstreamException">Nobody answered, or no broker has it.</exception>
    public async Task<Gathered<TopicFigures>> CollectTopicAsync(string topic, bool includeClients, CancellationToken cancellation)
    {
        Gathered<List<ProducerNode>> producers = await FindProducersAsync(topic, cancellation);
        Gathered<List<TopicFigures>> figures = await CollectAsync(producers.Value, topic, null, includeClients, cancellation);
        return new Gathered<TopicFigures>(SumOf(topic, figures.Value), [.. producers.Failures, .. figures.Failures]);
    }

    /// <summary>Figures of a channel over all brokers that have its topic, with its clients; null when none has it.</summary>
    /// <exception cref="UpstreamException">Nobody answered, or no broker has the topic.</exception>
    public async Task<Gathered<ChannelFigures?>> CollectChannelAsync(string topic, string channel, CancellationToken cancellation)
    {
        Gathered<List<ProducerNode>> producers = await FindProducersAsync(topic, cancellation);
        Gathered<List<TopicFigures>> figures = await CollectAsync(producers.Value, topic, channel, true, cancellation);
        ChannelFigures? sum = SumOf(topic, figures.Value).Channels?.Find(known => known.ChannelName == channel);
        sum?.SortClients();
        return new Gathered<ChannelFigures?>(sum, [.. producers.Failures, .. figures.Failures]);
    }

    /// <summary>All that one broker says of itself.</summary>
    /// <exception cref="UpstreamException">It did not answer.</exception>
    internal async Task<NodeStats> CollectNodeAsync(ProducerNode node, CancellationToken cancellation)
    {
        NodeStats stats = await StatsOfAsync(node.HttpAddress, "", cancellation);
        Complete(stats.Topics ?? [], node);
        foreach (ClientFigures producer in stats.Producers ?? [])
            producer.Complete(time.GetUtcNow());
        return stats;
    }

    /// <summary>Creates a topic, and a channel of it unless that is empty, on the lookup services and on the brokers that are to have it.</summary>
    /// <returns>What failed.</returns>
    /// <exception cref="UpstreamException">Nobody could be asked.</exception>
    public async Task<IReadOnlyList<string>> CreateAsync(string topic, string channel, CancellationToken cancellation)
    {
        string topicQuery = $"?topic={Escape(topic)}";
        string channelQuery = $"{topicQuery}&channel={Escape(channel)}";
        // A lookup service by itself makes no broker keep anything; the broker in this process, or the ones named, do so at once.
        IReadOnlyList<string> direct = HasLookups ? addresses.OwnBroker is { } own ? [own] : [] : addresses.Brokers;
        List<string> failures = [.. await PostAsync(addresses.Lookups, $"/topic/create{topicQuery}", cancellation)];
        failures.AddRange(await PostAsync(direct, $"/topic/create{topicQuery}", cancellation));
        if (channel.Length == 0)
            return failures;

        failures.AddRange(await PostAsync(addresses.Lookups, $"/channel/create{channelQuery}", cancellation));
        Gathered<List<ProducerNode>> producers = await FindProducersAsync(topic, cancellation);
        failures.AddRange(producers.Failures);
        IEnumerable<string> brokers = producers.Value.Select(static node => node.HttpAddress).Concat(direct).Distinct(StringComparer.Ordinal);
        failures.AddRange(await PostAsync([.. brokers], $"/channel/create{channelQuery}", cancellation));
        return failures;
    }

    /// <summary>Deletes a topic, or a channel of it unless that is empty, from the lookup services and all brokers that have it.</summary>
    /// <inheritdoc cref="CreateAsync"/>
    public async Task<IReadOnlyList<string>> DeleteAsync(string topic, string channel, CancellationToken cancellation)
    {
        string path = channel.Length == 0
            ? $"/topic/delete?topic={Escape(topic)}"
            : $"/channel/delete?topic={Escape(topic)}&channel={Escape(channel)}";
        // The lookup services are asked for the brokers before they forget them.
        Gathered<List<ProducerNode>> producers = await FindProducersAsync(topic, cancellation);
        List<string> failures = [.. producers.Failures];
        failures.AddRange(await PostAsync(addresses.Lookups, path, cancellation));
        failures.AddRange(await PostAsync(AddressesOf(producers.Value), path, cancellation));
        return failures;
    }

    /// <summary>Has all brokers that have a topic pause, unpause or empty it, or a channel of it unless that is empty.</summary>
    /// <inheritdoc cref="CreateAsync"/>
    public async Task<IReadOnlyList<string>> SteerAsync(string verb, string topic, string channel, CancellationToken cancellation)
    {
        string path = channel.Length == 0
            ? $"/topic/{verb}?topic={Escape(topic)}"
            : $"/channel/{verb}?topic={Escape(topic)}&channel={Escape(channel)}";
        Gathered<List<ProducerNode>> producers = await FindProducersAsync(topic, cancellation);
        return [.. producers.Failures, .. await PostAsync(AddressesOf(producers.Value), path, cancellation)];
    }

    /// <summary>Has the lookup services hide a broker from those who look for a topic, and the broker delete it.</summary>
    /// <inheritdoc cref="CreateAsync"/>
    public async Task<IReadOnlyList<string>> TombstoneAsync(string topic, string node, CancellationToken cancellation)
    {
        List<string> failures =
            [.. await PostAsync(addresses.Lookups, $"/topic/tombstone?topic={Escape(topic)}&node={Escape(node)}", cancellation)];
        Gathered<List<ProducerNode>> producers = await DescribeAsync([node], cancellation);
        failures.AddRange(await PostAsync(AddressesOf(producers.Value), $"/topic/delete?topic={Escape(topic)}", cancellation));
        return failures;
    }

    internal static string Escape(string text) => Uri.EscapeDataString(text);

    private static UpstreamException NobodyAnswered(string kind, IEnumerable<string> failures) =>
        new($"failed to query any {kind}: {string.Join('\n', failures)}");

    private static IReadOnlyList<string> AddressesOf(IEnumerable<ProducerNode> nodes) => [.. nodes.Select(static node => node.HttpAddress)];

    private static List<ProducerNode> Sorted(IEnumerable<ProducerNode> nodes) =>
        [.. nodes.OrderBy(static node => node.Hostname, StringComparer.Ordinal).ThenBy(static node => node.HttpAddress, StringComparer.Ordinal)];

    private static List<string> Union(IEnumerable<IEnumerable<string>> names) =>
        [.. names.SelectMany(static some => some).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> TopicsIn(NodeStats stats) => (stats.Topics ?? []).Select(static topic => topic.TopicName);

    private static TopicFigures SumOf(string topic, IEnumerable<TopicFigures> figures)
    {
        TopicFigures sum = TopicFigures.Of(topic);
        foreach (TopicFigures node in figures)
            sum.Add(node);
        return sum;
    }

    /// <summary>Asks each of several at once; who fails is told of, and all failing is an error.</summary>
    private static async Task<Gathered<List<TAnswer>>> GatherAsync<TSource, TAnswer>(
        string kind, IReadOnlyList<TSource> sources, Func<TSource, Task<TAnswer>> ask, CancellationToken cancellation)
    {
        List<TAnswer> answers = [];
        List<string> failures = [];
        Task<TAnswer>[] asked = [.. sources.Select(ask)];
        foreach (Task<TAnswer> answer in asked)
        {
            try
            {
                answers.Add(await answer);
            }
            catch (UpstreamException e)
            {
                failures.Add(e.Message);
            }
        }
        cancellation.ThrowIfCancellationRequested();
        return answers.Count > 0 ? new Gathered<List<TAnswer>>(answers, failures) : throw NobodyAnswered(kind, failures);
    }

    private async Task<Gathered<List<ProducerNode>>> LookUpProducersAsync(string topic, CancellationToken cancellation)
    {
        List<ProducerNode> nodes = [];
        IReadOnlyList<string> failures = [];
        UpstreamException? unknown = null;
        try
        {
            Gathered<List<IEnumerable<ProducerNode>>> answers = await AskLookupsAsync(
                $"/lookup?topic={Escape(topic)}",
                static (_, answer) => (answer.Producers ?? []).Select(static producer => producer.ToNode()),
                cancellation);
            nodes.AddRange(answers.Value.SelectMany(static some => some).DistinctBy(static node => node.HttpAddress));
            failures = answers.Failures;
        }
        catch (UpstreamException e) when (addresses.OwnBroker is not null)
        {
            unknown = e;
        }
        // What came into being here a moment ago, the lookup service hears of a moment later.
        if (addresses.OwnBroker is { } own && !nodes.Exists(node => node.HttpAddress == own)
            && TopicsIn(await StatsOfAsync(own, $"&topic={Escape(topic)}&include_clients=false", cancellation)).Contains(topic))
        {
            nodes.Add(await InfoOfAsync(own, [topic], cancellation));
        }
        return nodes.Count == 0 && unknown is not null ? throw unknown : new Gathered<List<ProducerNode>>(nodes, failures);
    }

    private Task<Gathered<List<T>>> AskLookupsAsync<T>(string path, Func<string, LookupAnswers, T> take, CancellationToken cancellation) =>
        GatherAsync("nsqlookupd", addresses.Lookups, async lookup =>
            take(lookup, await client.GetAsync(lookup, path, ClusterJson.Default.LookupAnswers, cancellation)), cancellation);

    private Task<NodeStats> StatsOfAsync(string broker, string filter, CancellationToken cancellation) =>
        client.GetAsync(broker, string.Create(CultureInfo.InvariantCulture, $"/stats?format=json{filter}"), ClusterJson.Default.NodeStats, cancellation);

    private Task<Gathered<List<ProducerNode>>> DescribeAsync(IReadOnlyList<string> brokers, CancellationToken cancellation) =>
        GatherAsync("nsqd", brokers, async broker =>
        {
            NodeStats stats = await StatsOfAsync(broker, "&include_clients=false", cancellation);
            return await InfoOfAsync(broker, TopicsIn(stats), cancellation);
        }, cancellation);

    private async Task<ProducerNode> InfoOfAsync(string broker, IEnumerable<string> topics, CancellationToken cancellation)
    {
        JsonTypeInfo<LookupProducer> type = ClusterJson.Default.LookupProducer;
        return (await client.GetAsync(broker, "/info", type, cancellation)).ToNode(broker, topics);
    }

    private async Task<IReadOnlyList<string>> PostAsync(IReadOnlyList<string> nodes, string path, CancellationToken cancellation)
    {
        List<string> failures = [];
        foreach (Task posted in nodes.Select(node => client.PostAsync(node, path, ReadOnlyMemory<byte>.Empty, cancellation)).ToArray())
        {
            try
            {
                await posted;
            }
            catch (UpstreamException e)
            {
                failures.Add(e.Message);
            }
        }
        return failures;
    }

    private void Complete(IEnumerable<TopicFigures> topics, ProducerNode node)
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (TopicFigures topic in topics)
        {
            topic.Latency?.Complete();
            foreach (ChannelFigures channel in topic.Channels ?? [])
            {
                channel.Latency?.Complete();
                foreach (ClientFigures client in channel.Clients ?? [])
                    client.Complete(now);
            }
            topic.PlaceOn(node);
        }
    }
}
