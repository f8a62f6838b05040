using System.Globalization;
using Broker.Lookup.Documents;
using Broker.Lookup.Registrations;
using Broker.Protocol;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Lookup.Http;

/// <summary>What the lookup service answers over HTTP (spec 4.2).</summary>
/// <param name="registry">What it knows.</param>
/// <param name="options">What it is.</param>
internal sealed class LookupEndpoints(LookupRegistry registry, LookupOptions options)
{
    private static readonly string[] Profiles = ["", "/cmdline", "/symbol", "/profile", "/heap", "/goroutine", "/block", "/threadcreate"];

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/ping", static _ => new(new PlainResult("OK")));
        endpoints.MapGet("/info", _ => new(V1Result.Json(new LookupVersion(options.Version), LookupJson.Default.LookupVersion)));
        endpoints.MapGet("/debug", _ => new(V1Result.Json(registry.Dump(), LookupJson.Default.SortedDictionaryStringListRegistrationDetail)));
        endpoints.MapGet("/topics", _ => new(V1Result.Json(registry.ListTopics(), LookupJson.Default.TopicList)));
        endpoints.MapGet("/nodes", _ => new(V1Result.Json(registry.ListNodes(), LookupJson.Default.NodeList)));
        endpoints.MapGet("/channels", context => Answer(context, ListChannels));
        endpoints.MapGet("/lookup", context => Answer(context, Find));
        endpoints.MapPost("/topic/create", context => Answer(context, CreateTopic));
        endpoints.MapPost("/topic/delete", context => Answer(context, DeleteTopic));
        endpoints.MapPost("/topic/tombstone", context => Answer(context, Tombstone));
        endpoints.MapPost("/channel/create", context => Answer(context, CreateChannel));
        endpoints.MapPost("/channel/delete", context => Answer(context, DeleteChannel));
        foreach (string profile in Profiles)
            endpoints.MapGet($"/debug/pprof{profile}", static _ => new(Profile()));
        endpoints.MapPost("/debug/pprof/symbol", static _ => new(Profile()));
    }

    private static ValueTask<IResult> Answer(HttpContext context, Func<QueryParameters, IResult> answer) =>
        new(QueryParameters.Of(context.Request) is { } parameters ? answer(parameters) : V1Error.InvalidRequest);

    // Go's profiles mean nothing here; what one looks for in them first does.
    private static PlainResult Profile() => new(string.Create(CultureInfo.InvariantCulture,
        $"""
        heap_bytes {GC.GetTotalMemory(forceFullCollection: false)}
        allocated_bytes_total {GC.GetTotalAllocatedBytes()}
        pool_threads {ThreadPool.ThreadCount}

        """));

    /// <summary>What is wrong with the names of a topic and a channel; null when nothing is.</summary>
    private static V1Error? Refusal(string? topic, string? channel)
    {
        if (topic is null)
            return V1Error.MissingTopic;
        if (!NsqName.IsValid(topic))
            return V1Error.InvalidTopicArgument;
        if (channel is null)
            return V1Error.MissingChannel;
        return NsqName.IsValid(channel) ? null : V1Error.InvalidChannelArgument;
    }

    private IResult ListChannels(QueryParameters parameters) => parameters.Find("topic") is { } topic
        ? V1Result.Json(registry.ListChannels(topic), LookupJson.Default.ChannelList)
        : V1Error.MissingTopic;

    private IResult Find(QueryParameters parameters)
    {
        if (parameters.Find("topic") is not { } topic)
            return V1Error.MissingTopic;
        return registry.Find(topic) is { } found ? V1Result.Json(found, LookupJson.Default.TopicProducers) : V1Error.TopicNotFound;
    }

    private IResult CreateTopic(QueryParameters parameters)
    {
        if (parameters.Find("topic") is not { } topic)
            return V1Error.MissingTopic;
        if (!NsqName.IsValid(topic))
            return V1Error.InvalidTopicArgument;
        registry.Create(topic, channel: null);
        return V1Result.Empty;
    }

    private IResult DeleteTopic(QueryParameters parameters)
    {
        if (parameters.Find("topic") is not { } topic)
            return V1Error.MissingTopic;
        registry.DeleteTopic(topic);
        return V1Result.Empty;
    }

    private IResult Tombstone(QueryParameters parameters)
    {
        if (parameters.Find("topic") is not { } topic)
            return V1Error.MissingTopic;
        if (parameters.Find("node") is not { } node)
            return V1Error.MissingNode;
        registry.Tombstone(topic, node);
        return V1Result.Empty;
    }

    private IResult CreateChannel(QueryParameters parameters)
    {
        string? topic = parameters.Find("topic");
        string? channel = parameters.Find("channel");
        if (Refusal(topic, channel) is { } refusal)
            return refusal;
        registry.Create(topic!, channel);
        return V1Result.Empty;
    }

    private IResult DeleteChannel(QueryParameters parameters)
    {
        string? topic = parameters.Find("topic");
        string? channel = parameters.Find("channel");
        if (Refusal(topic, channel) is { } refusal)
            return refusal;
        return registry.DeleteChannel(topic!, channel!) ? V1Result.Empty : V1Error.ChannelNotFound;
    }
}
