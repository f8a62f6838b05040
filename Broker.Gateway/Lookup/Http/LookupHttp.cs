using System.Globalization;
using Broker.Policies;
using Broker.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Lookup.Http;

/// <summary>The HTTP API of the lookup service (spec 4.2).</summary>
public sealed class LookupHttp
{
    private static readonly string[] Profiles = ["", "/cmdline", "/symbol", "/profile", "/heap", "/goroutine", "/block", "/threadcreate"];

    private readonly LookupRegistry _registry;
    private readonly LookupOptions _options;
    private readonly ILogger<LookupHttp> _logger;
    private readonly V1Routes _routes = new();

    /// <summary>Serves what the registry knows.</summary>
    public LookupHttp(LookupRegistry registry, LookupOptions options, ILogger<LookupHttp> logger)
    {
        _registry = registry;
        _options = options;
        _logger = logger;
        _routes.Map("GET", "/ping", _ => V1Result.Plain("OK"));
        _routes.Map("GET", "/info", _ => V1Result.Json(new LookupVersion(_options.Version), LookupJson.Default.LookupVersion));
        _routes.Map("GET", "/debug", _ => V1Result.Json(_registry.Dump(), LookupJson.Default.SortedDictionaryStringListRegistrationDetail));
        _routes.Map("GET", "/topics", _ => V1Result.Json(_registry.ListTopics(), LookupJson.Default.TopicList));
        _routes.Map("GET", "/channels", ListChannels);
        _routes.Map("GET", "/lookup", Find);
        _routes.Map("GET", "/nodes", _ => V1Result.Json(_registry.ListNodes(), LookupJson.Default.NodeList));
        _routes.Map("POST", "/topic/create", CreateTopic);
        _routes.Map("POST", "/topic/delete", DeleteTopic);
        _routes.Map("POST", "/channel/create", CreateChannel);
        _routes.Map("POST", "/channel/delete", DeleteChannel);
        _routes.Map("POST", "/topic/tombstone", Tombstone);
        foreach (string profile in Profiles)
            _routes.Map("GET", $"/debug/pprof{profile}", _ => Profile());
        _routes.Map("POST", "/debug/pprof/symbol", _ => Profile());
    }

    /// <summary>Answers a request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await _routes.HandleAsync(context);
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            _logger.LookupRequestFailed(e, context.Request.Method, context.Request.Path);
            if (!context.Response.HasStarted)
                await V1Result.Error(StatusCodes.Status500InternalServerError, "INTERNAL_ERROR").WriteAsync(context);
        }
        catch (OperationCanceledException)
        {
            // Whoever asked has gone.
        }
    }

    private static V1Result BadRequest(string text) => V1Result.Error(StatusCodes.Status400BadRequest, text);

    /// <summary>What is wrong with the names of a topic and a channel; null when nothing is.</summary>
    private static V1Result? Refusal(string? topic, string? channel)
    {
        if (topic is null)
            return BadRequest("MISSING_ARG_TOPIC");
        if (!NsqName.IsValid(topic))
            return BadRequest("INVALID_ARG_TOPIC");
        if (channel is null)
            return BadRequest("MISSING_ARG_CHANNEL");
        return NsqName.IsValid(channel) ? null : BadRequest("INVALID_ARG_CHANNEL");
    }

    // Go's profiles mean nothing here; what one looks for in them first does.
    private static V1Result Profile() => V1Result.Plain(string.Create(CultureInfo.InvariantCulture,
        $"""
        heap_bytes {GC.GetTotalMemory(forceFullCollection: false)}
        allocated_bytes {GC.GetTotalAllocatedBytes()}
        gc_runs {GC.CollectionCount(0)} {GC.CollectionCount(1)} {GC.CollectionCount(2)}
        gc_pause_ms {GC.GetTotalPauseDuration().TotalMilliseconds:F0}
        threads {ThreadPool.ThreadCount}

        """));

    private V1Result ListChannels(V1Query query) => query.Find("topic") is { } topic
        ? V1Result.Json(_registry.ListChannels(topic), LookupJson.Default.ChannelList)
        : BadRequest("MISSING_ARG_TOPIC");

    private V1Result Find(V1Query query)
    {
        if (query.Find("topic") is not { } topic)
            return BadRequest("MISSING_ARG_TOPIC");
        return _registry.Find(topic) is { } found
            ? V1Result.Json(found, LookupJson.Default.TopicProducers)
            : V1Result.Error(StatusCodes.Status404NotFound, "TOPIC_NOT_FOUND");
    }

    private V1Result CreateTopic(V1Query query)
    {
        if (query.Find("topic") is not { } topic)
            return BadRequest("MISSING_ARG_TOPIC");
        if (!NsqName.IsValid(topic))
            return BadRequest("INVALID_ARG_TOPIC");
        _registry.Create(topic, channel: null);
        return V1Result.Empty;
    }

    private V1Result DeleteTopic(V1Query query)
    {
        if (query.Find("topic") is not { } topic)
            return BadRequest("MISSING_ARG_TOPIC");
        _registry.DeleteTopic(topic);
        return V1Result.Empty;
    }

    private V1Result CreateChannel(V1Query query)
    {
        string? topic = query.Find("topic");
        string? channel = query.Find("channel");
        if (Refusal(topic, channel) is { } refusal)
            return refusal;
        _registry.Create(topic!, channel);
        return V1Result.Empty;
    }

    private V1Result DeleteChannel(V1Query query)
    {
        string? topic = query.Find("topic");
        string? channel = query.Find("channel");
        if (Refusal(topic, channel) is { } refusal)
            return refusal;
        return _registry.DeleteChannel(topic!, channel!)
            ? V1Result.Empty
            : V1Result.Error(StatusCodes.Status404NotFound, "CHANNEL_NOT_FOUND");
    }

    private V1Result Tombstone(V1Query query)
    {
        if (query.Find("topic") is not { } topic)
            return BadRequest("MISSING_ARG_TOPIC");
        if (query.Find("node") is not { } node)
            return BadRequest("MISSING_ARG_NODE");
        _registry.Tombstone(topic, node);
        return V1Result.Empty;
    }
}
