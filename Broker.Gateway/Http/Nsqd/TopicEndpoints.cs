using Broker.Protocol;
using Broker.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Broker.Gateway.Http;

/// <summary><c>/topic/*</c> (spec 3.2).</summary>
/// <param name="grains">Where topics are found.</param>
internal sealed class TopicEndpoints(IGrainFactory grains)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/topic/create", context => ChangeAsync(context, isNameChecked: true, static topic => topic.CreateAsync()));
        endpoints.MapPost("/topic/delete", context => ChangeAsync(context, isNameChecked: false, static topic => topic.DeleteAsync()));
        endpoints.MapPost("/topic/empty", context => ChangeAsync(context, isNameChecked: true, static topic => topic.EmptyAsync()));
        endpoints.MapPost("/topic/pause", context => ChangeAsync(context, isNameChecked: false, static topic => topic.PauseAsync(true)));
        endpoints.MapPost("/topic/unpause", context => ChangeAsync(context, isNameChecked: false, static topic => topic.PauseAsync(false)));
    }

    private async ValueTask<IResult> ChangeAsync(HttpContext context, bool isNameChecked, Func<ITopicGrain, ValueTask<TopicReply>> change)
    {
        if (QueryParameters.Of(context.Request) is not { } parameters)
            return V1Error.InvalidRequest;
        if (parameters.Find("topic") is not { } topic)
            return V1Error.MissingTopic;
        // A topic that cannot be is not there either, and some endpoints say no more than that.
        if (!NsqName.IsValid(topic))
            return isNameChecked ? V1Error.InvalidTopic : V1Error.TopicNotFound;
        return (await change(grains.GetGrain<ITopicGrain>(topic))).ToResult();
    }
}
