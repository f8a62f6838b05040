using Broker.Channels;
using Broker.Serving.Http;
using Broker.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Broker.Gateway.Http.Nsqd;

/// <summary><c>/channel/*</c> (spec 3.2). The topic must be there: unlike a SUB, none of these makes one.</summary>
/// <param name="grains">Where topics are found.</param>
internal sealed class ChannelEndpoints(IGrainFactory grains)
{
    private const long AnyIncarnation = 0;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/channel/create", context => ChangeAsync(context, CreateAsync));
        endpoints.MapPost("/channel/delete", context => ChangeAsync(context, static (topic, channel) => topic.DeleteChannelAsync(channel, AnyIncarnation)));
        endpoints.MapPost("/channel/empty", context => ChangeAsync(context, static (topic, channel) => topic.EmptyChannelAsync(channel)));
        endpoints.MapPost("/channel/pause", context => ChangeAsync(context, static (topic, channel) => topic.PauseChannelAsync(channel, true)));
        endpoints.MapPost("/channel/unpause", context => ChangeAsync(context, static (topic, channel) => topic.PauseChannelAsync(channel, false)));
    }

    private static async ValueTask<TopicReply> CreateAsync(ITopicGrain topic, string channel)
    {
        ChannelReply reply = await topic.AddChannelAsync(channel);
        return new TopicReply(reply.Status, reply.Error);
    }

    private async ValueTask<IResult> ChangeAsync(HttpContext context, Func<ITopicGrain, string, ValueTask<TopicReply>> change)
    {
        if (ChannelQuestion.Read(context, out ChannelQuestion question) is { } error)
            return error;
        return (await change(grains.GetGrain<ITopicGrain>(question.Topic), question.Channel)).ToResult();
    }
}
