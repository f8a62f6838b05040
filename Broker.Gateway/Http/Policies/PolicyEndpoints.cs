using Broker.Policies;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Broker.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Orleans;

namespace Broker.Gateway.Http.Policies;

/// <summary>
/// What nsqd has not: <c>/topic/policy</c> and <c>/channel/policy</c>, each read, replaced and taken away as a whole. Who sends <c>If-Match</c> with the tag of
/// what was read overwrites nobody else's change.
/// </summary>
/// <param name="grains">Where topics are found.</param>
/// <param name="options">What holds for clients of this gateway where nobody says anything.</param>
internal sealed class PolicyEndpoints(IGrainFactory grains, IOptions<GatewayOptions> options)
{
    private const int MaxBody = 64 << 10;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/topic/policy", context => ForTopic(context, topic => TellAsync(context, topic, channel: "")));
        endpoints.MapPut("/topic/policy", context => ForTopic(context, topic => ReplaceAsync(
            context, static body => PolicyReader.ReadTopic(body.Bytes), policy => ChangeTopicAsync(context, topic, policy))));
        endpoints.MapDelete("/topic/policy", context => ForTopic(context, topic => ChangeTopicAsync(context, topic, TopicPolicy.None)));
        endpoints.MapGet("/channel/policy", context => ForChannel(context, (topic, channel) => TellAsync(context, topic, channel)));
        endpoints.MapPut("/channel/policy", context => ForChannel(context, (topic, channel) => ReplaceAsync(
            context, static body => PolicyReader.ReadChannel(body.Bytes), policy => ChangeChannelAsync(context, topic, channel, policy))));
        endpoints.MapDelete(
            "/channel/policy", context => ForChannel(context, (topic, channel) => ChangeChannelAsync(context, topic, channel, ChannelPolicy.None)));
    }

    private ValueTask<IResult> ForTopic(HttpContext context, Func<ITopicGrain, ValueTask<IResult>> answer) =>
        TopicQuestion.Read(context, out TopicQuestion question) is { } error
            ? new(error)
            : answer(grains.GetGrain<ITopicGrain>(question.Topic));

    private ValueTask<IResult> ForChannel(HttpContext context, Func<ITopicGrain, string, ValueTask<IResult>> answer) =>
        ChannelQuestion.Read(context, out ChannelQuestion question) is { } error
            ? new(error)
            : answer(grains.GetGrain<ITopicGrain>(question.Topic), question.Channel);

    private static async ValueTask<IResult> ReplaceAsync<T>(HttpContext context, Func<RequestBody, T> read, Func<T, ValueTask<IResult>> change)
    {
        T policy;
        using (RequestBody body = await RequestBody.ReadAsync(context, MaxBody))
        {
            if (body.IsTooBig)
                return V1Error.BodyTooBig;
            try
            {
                policy = read(body);
            }
            catch (InvalidPolicyException e)
            {
                return V1Error.Of(StatusCodes.Status400BadRequest, e.Message);
            }
        }

        return await change(policy);
    }

    private ValueTask<IResult> ChangeTopicAsync(HttpContext context, ITopicGrain topic, TopicPolicy policy) =>
        ChangeAsync(context, topic, channel: "", expected => topic.ChangePolicyAsync(policy, expected?.Topic));

    private ValueTask<IResult> ChangeChannelAsync(HttpContext context, ITopicGrain topic, string channel, ChannelPolicy policy) =>
        ChangeAsync(context, topic, channel, expected => topic.ChangeChannelPolicyAsync(channel, policy, expected?.Channel));

    private async ValueTask<IResult> ChangeAsync(
        HttpContext context, ITopicGrain topic, string channel, Func<PolicyReply?, ValueTask<TopicReply>> change)
    {
        PolicyReply? expected = null;
        if (HasCondition(context))
        {
            expected = await topic.PolicyAsync(channel);
            if (expected.Status == TopicStatus.Ok && !Matches(context, PolicyDocument.Of(expected, channel, options.Value)))
                return V1Error.PolicyChanged;
        }

        TopicReply reply = await change(expected);
        return reply.IsOk ? await TellAsync(context, topic, channel) : reply.ToResult();
    }

    private async ValueTask<IResult> TellAsync(HttpContext context, ITopicGrain topic, string channel)
    {
        PolicyReply reply = await topic.PolicyAsync(channel);
        if (reply.Status != TopicStatus.Ok)
            return new TopicReply(reply.Status, reply.Error).ToResult();
        PolicyDocument document = PolicyDocument.Of(reply, channel, options.Value);
        context.Response.Headers.ETag = document.Tag;
        return V1Result.Json(document.Text);
    }

    // There is always a policy, be it one that says nothing: * is no condition.
    private static bool HasCondition(HttpContext context) => context.Request.Headers.IfMatch is { Count: > 0 } tags && tags.ToString() != "*";

    private static bool Matches(HttpContext context, PolicyDocument document) =>
        context.Request.Headers.IfMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(document.Tag);
}
