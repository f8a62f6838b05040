using System.Buffers;
using System.Globalization;
using System.Text;
using Broker.Gateway.Connections;
using Broker.Gateway.Publishing;
using Broker.Gateway.Telemetry;
using Broker.Messages;
using Broker.Protocol;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Broker.Serving.Limits;
using Broker.Topics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>
/// <c>/pub</c> and <c>/mpub</c> (spec 3.2). What is published here meets the publishes of the TCP connections in the topic's publisher
/// and shares their batches. The order of the checks is nsqd's, and so is that some errors leave a topic behind.
/// </summary>
/// <param name="gateway">Knows the publishers.</param>
/// <param name="clock">Gives messages their publish time.</param>
internal sealed class PublishEndpoints(NsqGateway gateway, BrokerClock clock)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/pub", PublishAsync);
        endpoints.MapPost("/mpub", PublishManyAsync);
    }

    private async ValueTask<IResult> PublishAsync(HttpContext context)
    {
        int limit = gateway.Options.MaxMsgSize;
        if (context.Request.ContentLength > limit)
            return V1Error.MessageTooBig;
        await WaitForMemoryAsync(context);
        using RequestBody body = await RequestBody.ReadAsync(context, limit);
        if (body.IsTooBig)
            return V1Error.MessageTooBig;
        if (body.Bytes.IsEmpty)
            return V1Error.EmptyMessage;
        (QueryParameters? parameters, TopicPublisher? publisher, V1Error? error) = FindPublisher(context);
        if (error is not null)
            return error;
        if (body.Bytes.Length > publisher!.MaxMessageSize)
            return V1Error.MessageTooBig;
        if (!TryFindDelay(parameters!, out long delay))
        {
            await publisher!.CreateTopicAsync();
            return V1Error.InvalidDefer;
        }

        long? dueTime = delay > 0 ? clock.Now.ToUnixTimeMilliseconds() + delay : null;
        return await AnswerAsync(publisher!, publisher!.Add(clock.NowNanoseconds, body.Bytes, dueTime));
    }

    private async ValueTask<IResult> PublishManyAsync(HttpContext context)
    {
        int limit = gateway.Options.MaxBodySize;
        if (context.Request.ContentLength > limit)
            return V1Error.BodyTooBig;
        (QueryParameters? parameters, TopicPublisher? publisher, V1Error? error) = FindPublisher(context);
        if (error is not null)
            return error;
        await WaitForMemoryAsync(context);
        using RequestBody body = await RequestBody.ReadAsync(context, limit);
        MessageBatch? batch = null;
        if (body.IsTooBig)
            error = V1Error.BodyTooBig;
        else if (IsBinary(parameters!))
            (batch, error) = BinaryBody.Parse(body.Bytes, clock.NowNanoseconds, publisher!.MaxMessageSize, limit);
        else
            (batch, error) = TextBody.Parse(body.Bytes, clock.NowNanoseconds, publisher!.MaxMessageSize);
        if (batch is not null)
            return await AnswerAsync(publisher!, publisher!.AddBatch(batch));

        await publisher!.CreateTopicAsync();
        return error is null ? V1Result.Ok : error;
    }

    private ValueTask WaitForMemoryAsync(HttpContext context)
    {
        if (!gateway.Memory.IsHigh)
            return default;
        gateway.Refusals.Add(RefusalReason.MemoryShort, context.Connection.RemoteIpAddress);
        return gateway.Memory.WaitAsync(context.RequestAborted);
    }

    private static async ValueTask<IResult> AnswerAsync(TopicPublisher publisher, PublishCall call)
    {
        publisher.Start();
        if (!call.IsCompleted)
            await call.WaitAsync();
        return call.Status switch
        {
            TopicStatus.Ok => V1Result.Ok,
            TopicStatus.TooBig => V1Error.MessageTooBig,
            TopicStatus.TooMany => V1Error.Of(StatusCodes.Status429TooManyRequests, call.Cause!),
            TopicStatus.Full => V1Error.Of(StatusCodes.Status503ServiceUnavailable, call.Cause!),
            _ => V1Error.Exiting,
        };
    }

    // What is not understood means yes.
    private static bool IsBinary(QueryParameters parameters) =>
        parameters.Find("binary") is not null && (parameters.FindBoolean("binary") ?? true);

    private (QueryParameters? Parameters, TopicPublisher? Publisher, V1Error? Error) FindPublisher(HttpContext context)
    {
        if (QueryParameters.Of(context.Request) is not { } parameters)
            return (null, null, V1Error.InvalidRequest);
        if (parameters.Find("topic") is not { } topic)
            return (null, null, V1Error.MissingTopic);
        if (!NsqName.IsValid(topic))
            return (null, null, V1Error.InvalidTopic);
        return (parameters, gateway.FindPublisher(Encoding.ASCII.GetBytes(topic)), null);
    }

    /// <summary>The delay in milliseconds that was asked for; 0 for none.</summary>
    private bool TryFindDelay(QueryParameters parameters, out long delay)
    {
        delay = 0;
        return parameters.Find("defer") is not { } text
            || (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out delay)
                && delay >= 0
                && delay <= (long)gateway.Options.MaxReqTimeout.TotalMilliseconds);
    }
}
