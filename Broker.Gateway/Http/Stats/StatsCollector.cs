using Broker.Channels;
using Broker.Gateway.Connections;
using Broker.Gateway.Consuming;
using Broker.Gateway.Telemetry;
using Broker.Health;
using Broker.Policies;
using Broker.Topics;

namespace Broker.Gateway.Http.Stats;

/// <summary>
/// Brings together what topics, channels and connections know of themselves. A topic answers for its channels, and a channel for its
/// consumers, so that a question costs one call a topic, and none a client. Of several nodes each tells of the topics that it hosts and of
/// its own clients, whatever they have subscribed to: so tools that add the nodes up are right.
/// </summary>
/// <param name="gateway">Knows the connections.</param>
/// <param name="clock">Knows when the broker started.</param>
/// <param name="health">Knows whether the store can write.</param>
/// <param name="telemetry">Which percentiles are kept.</param>
/// <param name="hosted">Which topics this node is to tell of.</param>
public sealed class StatsCollector(NsqGateway gateway, BrokerClock clock, IHealthSource health, TelemetryOptions telemetry, IHostedTopics hosted)
{
    // Enough to keep the processors busy, few enough that the messages' calls are not queued behind all topics.
    private const int CallsAtOnce = 32;

    // After so many topics a caller lets others have its thread.
    private const int TopicsInARow = 16;

    /// <summary><c>OK</c>, or <c>NOK - </c> and what is wrong.</summary>
    public string Health => health.Failure is { } failure ? $"NOK - {failure}" : "OK";

    /// <summary>Collects the figures.</summary>
    /// <exception cref="TimeoutException">A grain did not answer.</exception>
    public async Task<StatsDocument> CollectAsync(StatsQuestion question, CancellationToken cancellation)
    {
        // Soon after a start this node would tell of no topic, and tools would believe it.
        if (!question.IsClusterWide)
            await hosted.Settled.WaitAsync(cancellation);
        TopicStats[] topics = await AskAsync(
            await NamesAsync(question), new StatsRequest(question.Channel, question.IncludeClients), cancellation);
        bool isShared = hosted.Names is not null && !question.IsClusterWide;
        Dictionary<int, ConnectionSnapshot>? connections =
            question.IncludeClients || isShared ? gateway.Connections.ToDictionary(static connection => connection.Number) : null;
        List<TopicDocument> documents =
            [.. topics.Where(topic => Matches(topic, question)).Select(topic => Describe(topic, question, question.IncludeClients ? connections : null))];
        if (isShared)
            documents = ClientShare.Of(documents, connections!.Values, question, static (connection, asked) => Describe(connection, null, asked));
        bool isMissing = question.Topic is not null && documents.Count == 0 && !Array.Exists(topics, static topic => topic.Exists);
        return new StatsDocument
        {
            Version = gateway.Options.Version,
            Health = Health,
            StartTime = clock.StartTime.ToUnixTimeSeconds(),
            Topics = isMissing ? null : documents,
            Memory = question.IncludeMemory ? MemoryDocument.Take() : null,
            Producers = isMissing ? null : DescribeProducers(question.IncludeClients ? connections : null, question),
        };
    }

    private async ValueTask<IReadOnlyList<string>> NamesAsync(StatsQuestion question)
    {
        if (question.Topic is { } only)
            return question.IsClusterWide || hosted.Hosts(only) ? [only] : [];
        if (!question.IsClusterWide && hosted.Names is { } names)
            return names;
        return await gateway.Grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key).TopicsAsync();
    }

    // A topic may have gone since the directory named it.
    private static bool Matches(TopicStats topic, StatsQuestion question) =>
        topic.Exists && (question.Channel is null || topic.Channels.Length > 0);

    private static List<ClientDocument>? DescribeProducers(Dictionary<int, ConnectionSnapshot>? connections, StatsQuestion question)
    {
        List<ClientDocument> producers =
        [
            .. (connections?.Values ?? Enumerable.Empty<ConnectionSnapshot>())
                .Where(static connection => connection.PublishCounts.Count > 0)
                .Select(connection => Describe(connection, null, question)),
        ];
        return producers.Count > 0 ? producers : null;
    }

    private static ClientDocument Describe(ConnectionSnapshot connection, ConsumerStats? consumer, StatsQuestion question) => new()
    {
        ClientId = connection.ClientId,
        Hostname = connection.Hostname,
        RemoteAddress = connection.RemoteAddress,
        State = (int)connection.State,
        Ready = consumer?.Ready ?? connection.ReadyCount,
        InFlight = consumer?.InFlight ?? connection.InFlightCount,
        MessageCount = consumer?.Delivered ?? connection.MessageCount,
        Finished = consumer?.Finished ?? connection.FinishCount,
        Requeued = consumer?.Requeued ?? connection.RequeueCount,
        ConnectTime = connection.ConnectTime.ToUnixTimeSeconds(),
        SampleRate = connection.SampleRate,
        Deflate = connection.Deflate,
        Snappy = connection.Snappy,
        UserAgent = connection.UserAgent,
        TopologyZone = connection.TopologyZone,
        TopologyRegion = connection.TopologyRegion,
        PublishCounts = DescribePublishes(connection, question),
        Authed = connection.Authed,
        AuthIdentity = NullIfEmpty(connection.AuthIdentity),
        AuthIdentityUrl = NullIfEmpty(connection.AuthIdentityUrl),
        Tls = connection.Tls,
        TlsCipherSuite = connection.TlsCipherSuite,
        TlsVersion = connection.TlsVersion,
        TlsNegotiatedProtocol = connection.TlsNegotiatedProtocol,
        // Go has said so of every connection for years.
        IsTlsNegotiatedProtocolMutual = connection.Tls,
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static PublishCountDocument[]? DescribePublishes(ConnectionSnapshot connection, StatsQuestion question)
    {
        foreach ((string topic, long count) in connection.PublishCounts)
        {
            if (question.Topic is null || topic == question.Topic)
                return [new PublishCountDocument(topic, count)];
        }
        return null;
    }

    private TopicDocument Describe(TopicStats topic, StatsQuestion question, Dictionary<int, ConnectionSnapshot>? connections) => new()
    {
        Name = topic.Topic,
        Channels = [.. topic.Channels.Select(channel => Describe(channel, question, connections))],
        Depth = topic.Depth,
        BackendDepth = topic.BackendDepth,
        MessageCount = topic.MessageCount,
        MessagesBefore = topic.MessagesBefore,
        BytesBefore = topic.BytesBefore,
        MessageBytes = topic.MessageBytes,
        Paused = topic.Paused,
        Latency = LatencyDocument.Of(
            topic.Channels.Any(static channel => channel.Latency is not null)
                ? LatencyCounts.Sum(topic.Channels.Select(static channel => channel.Latency ?? LatencyCounts.None))
                : null,
            telemetry.LatencyPercentiles),
    };

    private ChannelDocument Describe(ChannelStats channel, StatsQuestion question, Dictionary<int, ConnectionSnapshot>? connections) => new()
    {
        Name = channel.Channel,
        Depth = channel.Depth,
        BackendDepth = channel.BackendDepth,
        InFlight = channel.InFlight,
        Deferred = channel.Deferred,
        Dead = channel.Dead,
        Died = channel.DiedByCause.Sum(),
        MessageCount = channel.MessageCount,
        ZoneLocal = channel.ZoneLocal,
        RegionLocal = channel.RegionLocal,
        Global = channel.Global,
        Requeued = channel.Requeued,
        TimedOut = channel.TimedOut,
        Expired = channel.Expired,
        ClientCount = channel.ConsumerCount,
        Clients = connections is null ? null : DescribeClients(channel.Consumers ?? [], question, connections),
        Paused = channel.Paused,
        Latency = LatencyDocument.Of(channel.Latency, telemetry.LatencyPercentiles),
    };

    // What the connections of other gateways know of themselves only those gateways can tell.
    private List<ClientDocument> DescribeClients(
        ConsumerStats[] consumers, StatsQuestion question, Dictionary<int, ConnectionSnapshot> connections)
    {
        List<ClientDocument> clients = new(consumers.Length);
        foreach (ConsumerStats consumer in consumers)
        {
            if (consumer.Gateway == gateway.Id && connections.TryGetValue(consumer.Consumer, out ConnectionSnapshot? connection))
                clients.Add(Describe(connection, consumer, question));
        }
        return clients;
    }

    private async Task<TopicStats[]> AskAsync(IReadOnlyList<string> names, StatsRequest request, CancellationToken cancellation)
    {
        TopicStats[] answers = new TopicStats[names.Count];
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(CallsAtOnce, names.Count)).Select(_ => AskInTurnAsync()));
        return answers;

        async Task AskInTurnAsync()
        {
            int index;
            for (int asked = 0; (index = Interlocked.Increment(ref next)) < names.Count; asked++)
            {
                cancellation.ThrowIfCancellationRequested();
                // Calls of topics in this process may end at once: without this the first caller would ask all topics.
                if (asked % TopicsInARow == 0)
                    await Task.Yield();
                answers[index] = await gateway.Grains.GetGrain<ITopicGrain>(names[index]).StatsAsync(request);
            }
        }
    }
}
