using Broker.Gateway.Announcing;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Broker.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Broker.Gateway.Http.Nsqd;

/// <summary><c>/topic/*</c> (spec 3.2).</summary>
/// <param name="grains">Where topics are found.</param>
/// <param name="tombstones">Know when only this node is meant.</param>
/// <param name="announcer">Tells lookup services of what this node is to serve.</param>
internal sealed class TopicEndpoints(IGrainFactory grains, Tombstones tombstones, LookupAnnouncer announcer)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/topic/create", context => ChangeAsync(context, isNameChecked: true, CreateAsync));
        endpoints.MapPost("/topic/delete", context => ChangeAsync(context, isNameChecked: false, DeleteAsync));
        endpoints.MapPost("/topic/empty", context => ChangeAsync(context, isNameChecked: true, static (topic, _) => topic.EmptyAsync()));
        endpoints.MapPost("/topic/pause", context => ChangeAsync(context, isNameChecked: false, static (topic, _) => topic.PauseAsync(true)));
        endpoints.MapPost("/topic/unpause", context => ChangeAsync(context, isNameChecked: false, static (topic, _) => topic.PauseAsync(false)));
    }

    private ValueTask<TopicReply> CreateAsync(ITopicGrain grain, string topic)
    {
        announcer.Restore(topic);
        return grain.CreateAsync();
    }

    private async ValueTask<TopicReply> DeleteAsync(ITopicGrain grain, string topic) =>
        await tombstones.WithdrawAsync(topic) ? TopicReply.Ok : await grain.DeleteAsync();

    private async ValueTask<IResult> ChangeAsync(HttpContext context, bool isNameChecked, Func<ITopicGrain, string, ValueTask<TopicReply>> change)
    {
        // A topic that cannot be is not there either, and some endpoints say no more than that.
        if (TopicQuestion.Read(context, out TopicQuestion question) is { } error)
            return error == V1Error.InvalidTopic && !isNameChecked ? V1Error.TopicNotFound : error;
        return (await change(grains.GetGrain<ITopicGrain>(question.Topic), question.Topic)).ToResult();
    }
}
