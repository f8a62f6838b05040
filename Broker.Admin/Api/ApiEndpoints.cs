using System.Buffers;
using System.Text.Json;
using Broker.Protocol;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>nsqadmin's JSON API (spec 5.1).</summary>
/// <param name="cluster">Knows all brokers.</param>
/// <param name="actions">Does what is asked for.</param>
/// <param name="paths">Where it lies.</param>
/// <param name="logger">The log.</param>
internal sealed class ApiEndpoints(BrokerCluster cluster, AdminActions actions, AdminPaths paths, ILogger<ApiEndpoints> logger)
{
    private const int BodyLimit = 1 << 20;

    private const string TopicPath = "/api/topics/{topic}";
    private const string ChannelPath = "/api/topics/{topic}/{channel}";
    private const string NodePath = "/api/nodes/{node}";

    private static readonly V1Error InvalidAction = V1Error.Of(StatusCodes.Status400BadRequest, "INVALID_ACTION");
    private static readonly V1Error InvalidBody = V1Error.Of(StatusCodes.Status400BadRequest, "INVALID_BODY");
    private static readonly V1Error InvalidChannel = V1Error.Of(StatusCodes.Status400BadRequest, "INVALID_CHANNEL");
    private static readonly V1Error NodeNotFound = V1Error.Of(StatusCodes.Status404NotFound, "NODE_NOT_FOUND");

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(paths.At("/api/topics"), context => AskAsync(() => ListTopicsAsync(context)));
        endpoints.MapGet(paths.At(TopicPath), context => AskAsync(() => DescribeTopicAsync(context)));
        endpoints.MapGet(paths.At(ChannelPath), context => AskAsync(() => DescribeChannelAsync(context)));
        endpoints.MapGet(paths.At("/api/nodes"), context => AskAsync(() => ListNodesAsync(context)));
        endpoints.MapGet(paths.At(NodePath), context => AskAsync(() => DescribeNodeAsync(context)));
        endpoints.MapGet(paths.At("/api/counter"), context => AskAsync(() => CountAsync(context)));
        endpoints.MapPost(paths.At("/api/topics"), context => ChangeAsync(context, Create));
        endpoints.MapPost(paths.At(TopicPath), context => ChangeAsync(context, Steer));
        endpoints.MapPost(paths.At(ChannelPath), context => ChangeAsync(context, Steer));
        endpoints.MapDelete(paths.At(NodePath), context => ChangeAsync(context, Tombstone));
        endpoints.MapDelete(paths.At(TopicPath), context => ChangeAsync(context, Delete, hasBody: false));
        endpoints.MapDelete(paths.At(ChannelPath), context => ChangeAsync(context, Delete, hasBody: false));
    }

    private static string ValueIn(HttpContext context, string name) => context.Request.RouteValues[name] as string ?? "";

    private static (AdminRequest?, V1Error?) Create(HttpContext context, ActionBody body)
    {
        string topic = body.Topic ?? "";
        string channel = body.Channel ?? "";
        if (!NsqName.IsValid(topic))
            return (null, V1Error.InvalidTopic);
        return channel.Length > 0 && !NsqName.IsValid(channel)
            ? (null, InvalidChannel)
            : (new AdminRequest(AdminVerb.Create, topic, channel), null);
    }

    private static (AdminRequest?, V1Error?) Steer(HttpContext context, ActionBody body)
    {
        AdminVerb? verb = body.Action switch
        {
            "pause" => AdminVerb.Pause,
            "unpause" => AdminVerb.Unpause,
            "empty" => AdminVerb.Empty,
            _ => null,
        };
        return verb is { } known
            ? (new AdminRequest(known, ValueIn(context, "topic"), ValueIn(context, "channel")), null)
            : (null, InvalidAction);
    }

    private static (AdminRequest?, V1Error?) Tombstone(HttpContext context, ActionBody body) =>
        NsqName.IsValid(body.Topic ?? "")
            ? (new AdminRequest(AdminVerb.Tombstone, body.Topic!, Node: ValueIn(context, "node")), null)
            : (null, V1Error.InvalidTopic);

    private static (AdminRequest?, V1Error?) Delete(HttpContext context, ActionBody body) =>
        (new AdminRequest(AdminVerb.Delete, ValueIn(context, "topic"), ValueIn(context, "channel")), null);

    private static async Task<ActionBody?> ReadBodyAsync(HttpContext context)
    {
        using RequestBody body = await RequestBody.ReadAsync(context, BodyLimit);
        if (body.IsTooBig)
            return null;
        try
        {
            // As Go's decoder: the first value counts, whatever follows it.
            Utf8JsonReader reader = new(body.Bytes.ToArray());
            return JsonSerializer.Deserialize(ref reader, ApiJson.Default.ActionBody);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async ValueTask<IResult> AskAsync(Func<Task<IResult>> ask)
    {
        try
        {
            return await ask();
        }
        catch (UpstreamException e)
        {
            logger.NodesFailed(e.Message);
            return V1Error.Of(StatusCodes.Status502BadGateway, $"UPSTREAM_ERROR: {e.Message}");
        }
    }

    private ValueTask<IResult> ChangeAsync(
        HttpContext context, Func<HttpContext, ActionBody, (AdminRequest? Action, V1Error? Refusal)> read, bool hasBody = true) => AskAsync(async () =>
        {
            if (!context.GetAdminUser().IsAdmin)
                return V1Error.Forbidden;
            ActionBody? body = hasBody ? await ReadBodyAsync(context) : new ActionBody(null, null, null);
            if (body is null)
                return InvalidBody;
            (AdminRequest? action, V1Error? refusal) = read(context, body);
            if (action is null)
                return refusal!;
            IReadOnlyList<string> failures = await actions.DoAsync(action, context);
            return V1Result.Json(new MessageAnswer(Warn(failures)), ApiJson.Readable.MessageAnswer);
        });

    private async Task<IResult> ListTopicsAsync(HttpContext context)
    {
        if (QueryParameters.Of(context.Request) is not { } parameters)
            return V1Error.InvalidRequest;
        Gathered<List<string>> topics = await cluster.ListTopicsAsync(context.RequestAborted);
        string warning = Warn(topics.Failures);
        if (parameters.Find("inactive") != "true")
            return V1Result.Json(new TopicsAnswer(topics.Value.Count > 0 ? topics.Value : null, warning), ApiJson.Readable.TopicsAnswer);
        List<string> inactive = await cluster.ListInactiveAsync(topics.Value, context.RequestAborted);
        return V1Result.Json(
            new InactiveTopicsAnswer(await cluster.ListChannelsAsync(inactive, context.RequestAborted), warning), ApiJson.Readable.InactiveTopicsAnswer);
    }

    private async Task<IResult> DescribeTopicAsync(HttpContext context)
    {
        Gathered<TopicFigures> topic = await cluster.CollectTopicAsync(ValueIn(context, "topic"), false, context.RequestAborted);
        topic.Value.Message = Warn(topic.Failures);
        return V1Result.Json(topic.Value, ApiJson.Readable.TopicFigures);
    }

    private async Task<IResult> DescribeChannelAsync(HttpContext context)
    {
        Gathered<ChannelFigures?> channel =
            await cluster.CollectChannelAsync(ValueIn(context, "topic"), ValueIn(context, "channel"), context.RequestAborted);
        if (channel.Value is not { } found)
            return V1Error.ChannelNotFound;
        found.Message = Warn(channel.Failures);
        return V1Result.Json(found, ApiJson.Readable.ChannelFigures);
    }

    private async Task<IResult> ListNodesAsync(HttpContext context)
    {
        Gathered<List<ProducerNode>> nodes = await cluster.ListNodesAsync(context.RequestAborted);
        return V1Result.Json(new NodesAnswer(nodes.Value.Count > 0 ? nodes.Value : null, Warn(nodes.Failures)), ApiJson.Readable.NodesAnswer);
    }

    private async Task<IResult> DescribeNodeAsync(HttpContext context)
    {
        string name = ValueIn(context, "node");
        Gathered<List<ProducerNode>> nodes = await cluster.ListNodesAsync(context.RequestAborted);
        if (nodes.Value.Find(node => node.HttpAddress == name) is not { } node)
            return NodeNotFound;
        List<TopicFigures> topics = (await cluster.CollectNodeAsync(node, context.RequestAborted)).Topics ?? [];
        return V1Result.Json(
            new NodeAnswer(
                name,
                topics.Count > 0 ? topics : null,
                topics.Sum(static topic => topic.MessageCount),
                topics.SelectMany(static topic => topic.Channels ?? []).Sum(static channel => channel.Clients?.Count ?? 0),
                Warn(nodes.Failures)),
            ApiJson.Readable.NodeAnswer);
    }

    private async Task<IResult> CountAsync(HttpContext context)
    {
        Gathered<List<ProducerNode>> nodes = await cluster.ListNodesAsync(context.RequestAborted);
        Gathered<List<TopicFigures>> topics = await cluster.CollectAsync(nodes.Value, null, null, false, context.RequestAborted);
        SortedDictionary<string, ChannelCount> counts = new(StringComparer.Ordinal);
        foreach (ChannelFigures channel in topics.Value.SelectMany(static topic => topic.Channels ?? []))
        {
            counts[$"{channel.TopicName}:{channel.ChannelName}:{channel.Node}"] =
                new ChannelCount(channel.Node, channel.TopicName, channel.ChannelName, channel.MessageCount);
        }
        return V1Result.Json(new CounterAnswer(counts, Warn([.. nodes.Failures, .. topics.Failures])), ApiJson.Readable.CounterAnswer);
    }

    private string Warn(IReadOnlyList<string> failures)
    {
        string warning = Gathered<string>.WarningOf(failures);
        if (warning.Length > 0)
            logger.NodesFailed(warning);
        return warning;
    }
}
