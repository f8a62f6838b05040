using Broker.Channels;
using Broker.Gateway.Connections;
using Broker.Gateway.Consuming;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Broker.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Broker.Gateway.Http.Messages;

/// <summary>
/// What nsqd has not: a look at the messages of a topic or channel without consuming them, and what an operator may do to a single one. Names,
/// order of checks and errors follow <c>/topic/*</c> and <c>/channel/*</c> (spec 3.2).
/// </summary>
/// <param name="grains">Where topics are found.</param>
/// <param name="gateway">Who knows the clients.</param>
internal sealed class MessageEndpoints(IGrainFactory grains, NsqGateway gateway)
{
    private delegate ValueTask<IResult> Answer(ITopicGrain topic, string channel, QueryParameters parameters);

    private delegate ValueTask<IResult> AnswerForMessage(ITopicGrain topic, string channel, ulong id, QueryParameters parameters);

    private delegate ValueTask<PeekReply> Look(PeekRequest request);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/topic/messages", context => AnswerForTopicAsync(
            context, (topic, parameters) => ListAsync(topic.PeekHeldAsync, MessageStage.Waiting, parameters)));
        endpoints.MapGet("/topic/message", context => AnswerForTopicAsync(
            context, (topic, parameters) => WithIdAsync(parameters, id => FindAsync(topic.PeekHeldAsync, id, parameters))));
        endpoints.MapGet("/channel/messages", context => AnswerAsync(context, PeekAsync));
        endpoints.MapGet("/channel/message", context => AnswerForMessageAsync(
            context, (topic, channel, id, parameters) => FindAsync(request => topic.PeekAsync(channel, request), id, parameters)));
        endpoints.MapPost("/channel/message/requeue", context => AnswerForMessageAsync(
            context, static async (topic, channel, id, _) => (await topic.RequeueMessageAsync(channel, id)).ToResult()));
        endpoints.MapPost("/channel/message/finish", context => AnswerForMessageAsync(
            context, static async (topic, channel, id, _) => (await topic.FinishMessageAsync(channel, id)).ToResult()));
    }

    private static string NameOf(MessageStage stage) => stage switch
    {
        MessageStage.InFlight => "in_flight",
        MessageStage.Deferred => "deferred",
        _ => "waiting",
    };

    private static ValueTask<IResult> WithIdAsync(QueryParameters parameters, Func<ulong, ValueTask<IResult>> answer)
    {
        if (parameters.Find("id") is not { } text)
            return new ValueTask<IResult>(V1Error.MissingId);
        return MessageIdText.TryParse(text, out ulong id) ? answer(id) : new ValueTask<IResult>(V1Error.InvalidId);
    }

    private async ValueTask<IResult> AnswerForTopicAsync(HttpContext context, Func<ITopicGrain, QueryParameters, ValueTask<IResult>> answer)
    {
        if (TopicQuestion.Read(context, out TopicQuestion question) is { } error)
            return error;
        return await answer(grains.GetGrain<ITopicGrain>(question.Topic), question.Parameters);
    }

    private async ValueTask<IResult> AnswerAsync(HttpContext context, Answer answer)
    {
        if (ChannelQuestion.Read(context, out ChannelQuestion question) is { } error)
            return error;
        return await answer(grains.GetGrain<ITopicGrain>(question.Topic), question.Channel, question.Parameters);
    }

    private ValueTask<IResult> AnswerForMessageAsync(HttpContext context, AnswerForMessage answer) =>
        AnswerAsync(context, (topic, channel, parameters) => WithIdAsync(parameters, id => answer(topic, channel, id, parameters)));

    private ValueTask<IResult> PeekAsync(ITopicGrain topic, string channel, QueryParameters parameters)
    {
        MessageStage stage;
        switch (parameters.Find("state") ?? "waiting")
        {
            case "waiting":
                stage = MessageStage.Waiting;
                break;
            case "in_flight":
                stage = MessageStage.InFlight;
                break;
            case "deferred":
                stage = MessageStage.Deferred;
                break;
            default:
                return new ValueTask<IResult>(V1Error.InvalidState);
        }

        return ListAsync(request => topic.PeekAsync(channel, request), stage, parameters);
    }

    private async ValueTask<IResult> ListAsync(Look look, MessageStage stage, QueryParameters parameters)
    {
        ulong after = 0;
        string? afterText = parameters.Find("after");
        if (!LookLimits.TryRead(parameters, out LookLimits limits))
            return V1Error.InvalidLimit;
        if (afterText is not null && !MessageIdText.TryParse(afterText, out after))
            return V1Error.InvalidId;
        PeekReply reply = await look(new PeekRequest
        {
            Stage = stage,
            After = afterText is null ? null : after,
            Limit = limits.Messages,
            BodyLimit = limits.BodyBytes,
        });
        if (reply.Status != TopicStatus.Ok)
            return new TopicReply(reply.Status, reply.Error).ToResult();
        MessagesDocument document = new()
        {
            Messages = [.. reply.Messages.Select(Describe)],
            Next = reply.Next is { } next ? MessageIdText.Format(next) : null,
        };
        return V1Result.Json(document, MessagesJson.Default.MessagesDocument);
    }

    private async ValueTask<IResult> FindAsync(Look look, ulong id, QueryParameters parameters)
    {
        if (!LookLimits.TryReadBodyBytes(parameters, out int bodyLimit))
            return V1Error.InvalidLimit;
        PeekReply reply = await look(new PeekRequest { Stage = MessageStage.Waiting, Id = id, Limit = 1, BodyLimit = bodyLimit });
        if (reply.Status != TopicStatus.Ok)
            return new TopicReply(reply.Status, reply.Error).ToResult();
        return reply.Messages is [var message]
            ? V1Result.Json(Describe(message), MessagesJson.Default.MessageDocument)
            : V1Error.MessageNotFound;
    }

    private MessageDocument Describe(PeekedMessage message) => new()
    {
        Id = MessageIdText.Format(message.Id),
        Timestamp = message.Timestamp,
        Attempts = message.Attempts,
        State = NameOf(message.Stage),
        Due = message.Due > 0 ? message.Due : null,
        Deadline = message.Deadline > 0 ? message.Deadline : null,
        Client = message.Gateway == gateway.Id ? gateway.FindRemoteEndPoint(message.Consumer) : null,
        Size = message.Size,
        Body = message.Body,
        IsTruncated = message.Body.Length < message.Size,
    };
}
