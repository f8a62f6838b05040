using System.Globalization;
using System.Text.Json;
using Broker.Serving.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Admin;

/// <summary>The pages on which one looks at things (spec 5.2).</summary>
internal sealed class SitePages(
    PageEndpoints pages,
    AdminPaths paths,
    BrokerCluster cluster,
    ClusterSampler sampler,
    ChannelMessages messages,
    IEnumerable<IClusterParts> parts,
    IEnumerable<IAdminBranch> branches,
    TimeProvider time)
{
    private const int IdDigits = 16;

    private static readonly string[] States = ["waiting", "in_flight", "deferred", ChannelMessages.Dead];

    public void Map(IEndpointRouteBuilder endpoints)
    {
        pages.Map(endpoints, "/", ShowTopicsAsync);
        pages.Map(endpoints, "/topics", ShowTopicsAsync);
        pages.Map(endpoints, "/topics/{topic}", ShowTopicAsync);
        pages.Map(endpoints, "/topics/{topic}/{channel}", ShowChannelAsync);
        pages.Map(endpoints, "/topics/{topic}/{channel}/messages", ShowMessagesAsync);
        pages.Map(endpoints, "/messages", ShowHeldMessagesAsync);
        endpoints.MapGet(paths.At("/dead.ndjson"), DownloadDeadAsync);
        pages.Map(endpoints, "/nodes", ShowNodesAsync);
        pages.Map(endpoints, "/nodes/{node}", ShowNodeAsync);
        pages.Map(endpoints, "/lookup", ShowLookupAsync);
        pages.Map(endpoints, "/counter", ShowCounterAsync);
        pages.Map(endpoints, "/cluster", ShowClusterAsync);
    }

    internal static PageContent NotFound(string title, string text) =>
        new(typeof(ErrorPage), title, new ErrorModel(title, text)) { Status = StatusCodes.Status404NotFound };

    private static string RouteOf(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static string QueryOf(HttpContext context, string name) => context.Request.Query[name].ToString();

    private static PageContent Live(Type page, string title, object model, ClusterSample sample, IReadOnlyList<string>? failures = null) =>
        new(page, title, model) { Sample = sample, Failures = [.. sample.Failures.Concat(failures ?? []).Distinct()], Error = sample.Error };

    private static string PublishAddressOf(ClusterSample sample, TopicFigures? topic = null) =>
        topic?.Nodes is [{ } first, ..] ? first.Node : sample.Nodes is [{ } node, ..] ? node.HttpAddress : "127.0.0.1:4151";

    private static string ConsumeAddressOf(ClusterSample sample, TopicFigures? topic = null)
    {
        string? http = topic?.Nodes is [{ } first, ..] ? first.Node : null;
        return (sample.Nodes.FirstOrDefault(node => node.HttpAddress == http) ?? (sample.Nodes is [{ } any, ..] ? any : null))?.TcpAddress ?? "127.0.0.1:4150";
    }

    private async Task<PageContent> ShowTopicsAsync(HttpContext context)
    {
        ClusterSample sample = await sampler.GetAsync(context.RequestAborted);
        _ = int.TryParse(QueryOf(context, "page"), NumberStyles.None, CultureInfo.InvariantCulture, out int page);
        TopicsModel model = new(sample, sampler.History, QueryOf(context, "q").Trim(), QueryOf(context, "sort"), page, PublishAddressOf(sample));
        return Live(typeof(TopicsPage), "Topics", model, sample);
    }

    /// <summary>What there is, with a topic that was created a moment ago.</summary>
    private async Task<ClusterSample> SampleWithAsync(string topic, CancellationToken cancellation)
    {
        ClusterSample sample = await sampler.GetAsync(cancellation);
        if (sample.Error is null && sample.Find(topic) is null)
            sample = await sampler.RefreshAsync(cancellation);
        return sample.Error is null ? sample : throw new UpstreamException(sample.Error);
    }

    private async Task<PageContent> ShowTopicAsync(HttpContext context)
    {
        string name = RouteOf(context, "topic");
        ClusterSample sample = await SampleWithAsync(name, context.RequestAborted);
        if (sample.Find(name) is not { } topic)
            return NotFound("No such topic", $"There is no topic “{name}”: neither a broker nor a lookup service knows it. It may have been deleted.");
        TopicModel model = new(
            topic, sampler.History.Read(time.GetUtcNow(), name), cluster.HasLookups, PublishAddressOf(sample, topic.Figures), ConsumeAddressOf(sample, topic.Figures));
        return Live(typeof(TopicPage), name, model, sample);
    }

    private async Task<PageContent> ShowChannelAsync(HttpContext context)
    {
        string topic = RouteOf(context, "topic");
        string channel = RouteOf(context, "channel");
        ClusterSample sample = await sampler.GetAsync(context.RequestAborted);
        if (sample.Error is null && sample.Find(topic)?.Find(channel) is null)
            sample = await sampler.RefreshAsync(context.RequestAborted);
        if (sample.Error is not null)
            throw new UpstreamException(sample.Error);
        if (sample.Find(topic) is not { } found || found.Find(channel) is not { } sampled)
            return NotFound("No such channel", $"No broker has a channel “{channel}” of the topic “{topic}”. It may have been deleted.");
        // Clients are no part of samples: there may be very many of them.
        Gathered<ChannelFigures?> figures = await sampler.ChannelAsync(sample, topic, channel, context.RequestAborted);
        ChannelModel model = new(
            sampled, figures.Value ?? sampled.Figures, sampler.History.Read(time.GetUtcNow(), topic, channel), ConsumeAddressOf(sample, found.Figures),
            found.Figures.IsPaused);
        return Live(typeof(ChannelPage), $"{topic} / {channel}", model, sample, figures.Failures);
    }

    private async Task<PageContent> ShowMessagesAsync(HttpContext context)
    {
        string topic = RouteOf(context, "topic");
        string channel = RouteOf(context, "channel");
        Gathered<ChannelFigures?> figures = await cluster.CollectChannelAsync(topic, channel, context.RequestAborted);
        if (figures.Value is not { } found)
            return NotFound("No such channel", $"No broker has a channel “{channel}” of the topic “{topic}”. It may have been deleted.");
        return await ShowMessagesAsync(context, topic, channel, [.. (found.Nodes ?? []).Select(static node => node.Node)], found, figures.Failures);
    }

    private async Task<PageContent> ShowHeldMessagesAsync(HttpContext context)
    {
        string topic = QueryOf(context, "topic");
        ClusterSample sample = await SampleWithAsync(topic, context.RequestAborted);
        if (sample.Find(topic)?.Figures is not { Nodes: { Count: > 0 } nodes } found)
            return NotFound("No such topic", $"No broker has a topic “{topic}”. It may have been deleted.");
        ChannelFigures figures = new() { TopicName = topic, Depth = found.Depth, IsPaused = found.IsPaused };
        return await ShowMessagesAsync(context, topic, "", [.. nodes.Select(static node => node.Node)], figures, sample.Failures);
    }

    private async Task<PageContent> ShowMessagesAsync(
        HttpContext context, string topic, string channel, string[] nodes, ChannelFigures figures, IReadOnlyList<string> failures)
    {
        string asked = QueryOf(context, "node");
        string node = nodes.Contains(asked) ? asked : nodes[0];
        string state = QueryOf(context, "state") is { } given && States.Contains(given) ? given : States[0];
        string form = QueryOf(context, "as") is MessageBody.Text or MessageBody.Json or MessageBody.Hex ? QueryOf(context, "as") : MessageBody.Auto;
        string id = QueryOf(context, "id").Trim().ToLowerInvariant();
        string after = QueryOf(context, "after");

        MessagePage? page = await messages.ListAsync(node, topic, channel, state, id.Length > 0 ? 1 : MessagesModel.PageSize, after, context.RequestAborted);
        bool canPeek = page is not null;
        if (canPeek && id.Length > 0)
        {
            page = id.Length == IdDigits && id.All(char.IsAsciiHexDigit)
                && await (state == ChannelMessages.Dead && channel.Length > 0
                    ? messages.FindDeadAsync(node, topic, channel, id, context.RequestAborted)
                    : messages.FindAsync(node, topic, channel, id, context.RequestAborted)) is { } message
                ? new MessagePage { Messages = [message] }
                : null;
        }
        MessagesModel model = new()
        {
            Topic = topic,
            Channel = channel,
            Nodes = nodes,
            Node = node,
            State = state,
            Figures = figures,
            Form = form,
            Id = id,
            After = after,
            Page = page,
            CanPeek = canPeek,
            Redrive = state == ChannelMessages.Dead && channel.Length > 0 && canPeek
                ? await messages.RedriveAsync(node, topic, channel, context.RequestAborted)
                : null,
        };
        return new PageContent(typeof(MessagesPage), channel.Length == 0 ? $"Messages of {topic}" : $"Messages of {topic} / {channel}", model) { Failures = failures };
    }

    private async ValueTask<IResult> DownloadDeadAsync(HttpContext context)
    {
        string topic = QueryOf(context, "topic");
        string channel = QueryOf(context, "channel");
        string node = QueryOf(context, "node");
        Gathered<ChannelFigures?> figures = await cluster.CollectChannelAsync(topic, channel, context.RequestAborted);
        // Whoever may look at pages is not to have this process ask any address.
        if (figures.Value?.Nodes?.Exists(known => known.Node == node) != true)
            return Results.NotFound();
        context.Response.ContentType = "application/x-ndjson";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"{channel.Replace('#', '-')}-dead.ndjson\"";
        try
        {
            await foreach (ChannelMessage message in messages.ReadDeadAsync(node, topic, channel, context.RequestAborted))
            {
                await JsonSerializer.SerializeAsync(context.Response.BodyWriter, message, MessageJson.Default.ChannelMessage, context.RequestAborted);
                await context.Response.BodyWriter.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
            }
        }
        catch (UpstreamException)
        {
            // Half a file must not look like a whole one.
            context.Abort();
        }

        return Results.Empty;
    }

    private async Task<PageContent> ShowNodesAsync(HttpContext context)
    {
        ClusterSample sample = await sampler.GetAsync(context.RequestAborted);
        return Live(typeof(NodesPage), "Nodes", new NodesModel(sample, cluster.Lookups), sample);
    }

    private async Task<PageContent> ShowNodeAsync(HttpContext context)
    {
        string name = RouteOf(context, "node");
        ClusterSample sample = await sampler.GetAsync(context.RequestAborted);
        if (sample.Error is not null)
            throw new UpstreamException(sample.Error);
        if (sample.Nodes.FirstOrDefault(known => known.HttpAddress == name) is not { } node)
            return NotFound("No such node", $"There is no broker at {name}. It may have been stopped.");
        string filter = QueryOf(context, "q").Trim();
        List<TopicFigures> topics =
            [.. sample.Topics.Select(topic => topic.Figures.Nodes?.Find(figures => figures.Node == name)).OfType<TopicFigures>()];
        string[] matching = [.. topics.Select(static topic => topic.TopicName).Where(topic => topic.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        // Of very many topics only those are asked for that are shown.
        NodeStats[] asked = topics.Count <= NodeModel.TopicsAtMost
            ? [await cluster.CollectNodeAsync(node, context.RequestAborted)]
            : await Task.WhenAll(matching.Take(NodeModel.TopicsAtMost).DefaultIfEmpty("").Select(topic =>
                cluster.CollectNodeAsync(node, context.RequestAborted, topic.Length == 0 ? topics[0].TopicName : topic)));
        NodeStats stats = asked[0];
        Dictionary<string, TopicFigures> detailed = [];
        foreach (TopicFigures topic in asked.SelectMany(static answer => answer.Topics ?? []))
            detailed[topic.TopicName] = topic;
        NodeModel model = new()
        {
            Node = node,
            Topics = topics,
            Shown = [.. matching.Take(NodeModel.TopicsAtMost).Where(detailed.ContainsKey).Select(topic => detailed[topic])],
            Matching = matching.Length,
            Producers = stats.Producers ?? [],
            Memory = stats.Memory,
            Health = string.IsNullOrEmpty(stats.Health) ? "unknown" : stats.Health,
            StartTime = stats.StartTime > 0 ? DateTimeOffset.FromUnixTimeSeconds(stats.StartTime) : null,
            Filter = filter,
            HasLookups = cluster.HasLookups,
        };
        return new PageContent(typeof(NodePage), name, model) { Failures = sample.Failures };
    }

    private async Task<PageContent> ShowLookupAsync(HttpContext context)
    {
        if (!cluster.HasLookups)
            return new PageContent(typeof(LookupPage), "Lookup", new LookupModel([], new Dictionary<string, List<string>?>(), 0));
        Gathered<List<string>> topics = await cluster.ListTopicsAsync(context.RequestAborted);
        List<string> inactive = await cluster.ListInactiveAsync(topics.Value, context.RequestAborted);
        LookupModel model = new(
            cluster.Lookups,
            await cluster.ListChannelsAsync(inactive.Take(LookupModel.InactiveAtMost), context.RequestAborted),
            Math.Max(0, inactive.Count - LookupModel.InactiveAtMost));
        return new PageContent(typeof(LookupPage), "Lookup", model) { Failures = topics.Failures };
    }

    private async Task<PageContent> ShowCounterAsync(HttpContext context)
    {
        ClusterSample sample = await sampler.GetAsync(context.RequestAborted);
        return Live(typeof(CounterPage), "Counter", new CounterModel(sample, sampler.History.Read(time.GetUtcNow())), sample);
    }

    private async Task<PageContent> ShowClusterAsync(HttpContext context)
    {
        ClusterSample sample = await sampler.GetAsync(context.RequestAborted);
        List<ClusterPart> described = [];
        foreach (IClusterParts source in parts)
            described.AddRange(await source.DescribeAsync(context.RequestAborted));
        return Live(typeof(ClusterPage), "Cluster", new ClusterModel(sample, described, branches), sample);
    }
}
