using System.Globalization;
using Broker.Channels;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Broker.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Broker.Gateway.Http.Dead;

/// <summary>
/// What nsqd has not: a channel's dead letters. They are looked at, downloaded, discarded, and sent back to their channel. Names, order of checks and
/// errors follow <c>/channel/*</c> (spec 3.2).
/// </summary>
/// <param name="grains">Where topics are found.</param>
/// <param name="time">The clock by which ages are told.</param>
internal sealed class DeadEndpoints(IGrainFactory grains, TimeProvider time)
{
    private const int MaxRate = 1_000_000;

    private delegate ValueTask<IResult> Answer(ITopicGrain topic, string channel, DeadFilter filter, QueryParameters parameters);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/channel/dead", context => AnswerAsync(context, ListAsync));
        endpoints.MapGet("/channel/dead/download", context => AnswerAsync(
            context, static (topic, channel, filter, _) => new ValueTask<IResult>(new DeadDownload(topic, channel, filter))));
        endpoints.MapPost("/channel/dead/discard", context => AnswerAsync(context, static (topic, channel, filter, _) => DiscardAsync(topic, channel, filter)));
        endpoints.MapGet("/channel/redrive", context => AnswerAsync(context, static (topic, channel, _, _) => TellRedriveAsync(topic, channel)));
        endpoints.MapPost("/channel/redrive", context => AnswerAsync(context, RedriveAsync));
        endpoints.MapPost("/channel/redrive/stop", context => AnswerAsync(context, static (topic, channel, _, _) => ChangeRedriveAsync(topic, channel, null)));
    }

    /// <summary>A dead letter as it is shown.</summary>
    public static DeadLetterDocument Describe(PeekedDeadLetter letter) => new()
    {
        Number = letter.Number,
        Id = MessageIdText.Format(letter.Id),
        Timestamp = letter.Timestamp,
        Attempts = letter.Attempts,
        Cause = DeadCauseNames.NameOf(letter.Cause),
        Died = letter.Died,
        Client = letter.Address,
        ClientId = letter.ClientId,
        Size = letter.Size,
        Body = letter.Body,
        IsTruncated = letter.Body.Length < letter.Size,
    };

    private async ValueTask<IResult> AnswerAsync(HttpContext context, Answer answer)
    {
        if (ChannelQuestion.Read(context, out ChannelQuestion question) is { } error)
            return error;
        if (DeadQuestion.Read(question.Parameters, time.GetUtcNow().ToUnixTimeMilliseconds(), out DeadFilter filter) is { } invalid)
            return invalid;
        return await answer(grains.GetGrain<ITopicGrain>(question.Topic), question.Channel, filter, question.Parameters);
    }

    private static async ValueTask<IResult> ListAsync(ITopicGrain topic, string channel, DeadFilter filter, QueryParameters parameters)
    {
        long after = -1;
        if (!LookLimits.TryRead(parameters, out LookLimits limits) || !parameters.TryFindNumber("after", 0, long.MaxValue - 1, ref after))
            return V1Error.InvalidLimit;
        DeadReply reply = await topic.DeadAsync(
            channel, new DeadRequest { Filter = filter, From = after + 1, Limit = limits.Messages, BodyLimit = limits.BodyBytes });
        if (reply.Status != TopicStatus.Ok)
            return new TopicReply(reply.Status, reply.Error).ToResult();
        DeadLettersDocument document = new()
        {
            Count = reply.Count,
            Bytes = reply.Bytes,
            Letters = [.. reply.Letters.Select(Describe)],
            Next = reply.Next is { } next ? (next - 1).ToString(CultureInfo.InvariantCulture) : null,
        };
        return V1Result.Json(document, DeadJson.Default.DeadLettersDocument);
    }

    private static async ValueTask<IResult> DiscardAsync(ITopicGrain topic, string channel, DeadFilter filter)
    {
        long discarded = 0;
        for (long? next = 0; next is { } from;)
        {
            DeadDiscardReply reply = await topic.DiscardDeadAsync(channel, filter, from);
            if (reply.Status != TopicStatus.Ok)
                return new TopicReply(reply.Status, reply.Error).ToResult();
            discarded += reply.Discarded;
            next = reply.Next;
        }

        return V1Result.Json(new DeadDiscardDocument(discarded), DeadJson.Default.DeadDiscardDocument);
    }

    private static ValueTask<IResult> RedriveAsync(ITopicGrain topic, string channel, DeadFilter filter, QueryParameters parameters)
    {
        long rate = 0;
        return parameters.TryFindNumber("rate", 1, MaxRate, ref rate)
            ? ChangeRedriveAsync(topic, channel, new Redrive { Filter = filter, Rate = (int)rate })
            : new ValueTask<IResult>(V1Error.Of(StatusCodes.Status400BadRequest, $"rate must be a whole number of messages a second from 1 to {MaxRate}"));
    }

    private static async ValueTask<IResult> ChangeRedriveAsync(ITopicGrain topic, string channel, Redrive? redrive)
    {
        TopicReply reply = await topic.RedriveAsync(channel, redrive);
        return reply.IsOk ? await TellRedriveAsync(topic, channel) : reply.ToResult();
    }

    private static async ValueTask<IResult> TellRedriveAsync(ITopicGrain topic, string channel)
    {
        RedriveReply reply = await topic.DescribeRedriveAsync(channel);
        if (reply.Status != TopicStatus.Ok)
            return new TopicReply(reply.Status, reply.Error).ToResult();
        RedriveDocument document = new()
        {
            IsRunning = reply.IsRunning,
            Started = reply.Redrive?.Started,
            Rate = reply.Redrive?.Rate ?? 0,
            Sent = reply.Sent,
            LookedAt = reply.LookedAt,
            Total = reply.Total,
        };
        return V1Result.Json(document, DeadJson.Default.RedriveDocument);
    }
}
