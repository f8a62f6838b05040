using System.Text.Json;
using Broker.Channels;
using Broker.Topics;
using Microsoft.AspNetCore.Http;

namespace Broker.Gateway.Http.Dead;

/// <summary>Dead letters with their whole bodies, one JSON object a line, read and written a few at a time.</summary>
/// <param name="topic">The topic.</param>
/// <param name="channel">The channel.</param>
/// <param name="filter">Which.</param>
internal sealed class DeadDownload(ITopicGrain topic, string channel, DeadFilter filter) : IResult
{
    private const int AtOnce = 256;

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        DeadReply reply = await ReadAsync(0);
        if (reply.Status != TopicStatus.Ok)
        {
            await new TopicReply(reply.Status, reply.Error).ToResult().ExecuteAsync(httpContext);
            return;
        }

        HttpResponse response = httpContext.Response;
        response.ContentType = "application/x-ndjson";
        response.Headers.ContentDisposition = $"attachment; filename=\"{channel.Replace('#', '-')}-dead.ndjson\"";
        while (true)
        {
            foreach (PeekedDeadLetter letter in reply.Letters)
            {
                await JsonSerializer.SerializeAsync(
                    response.BodyWriter, DeadEndpoints.Describe(letter), DeadJson.Default.DeadLetterDocument, httpContext.RequestAborted);
                await response.BodyWriter.WriteAsync("\n"u8.ToArray(), httpContext.RequestAborted);
            }

            if (reply.Next is not { } next)
                return;
            reply = await ReadAsync(next);
            // Half an answer must not look like a whole one.
            if (reply.Status != TopicStatus.Ok)
            {
                httpContext.Abort();
                return;
            }
        }
    }

    private ValueTask<DeadReply> ReadAsync(long from) =>
        topic.DeadAsync(channel, new DeadRequest { Filter = filter, From = from, Limit = AtOnce, BodyLimit = int.MaxValue });
}
