using Broker.Serving.Http.Replies;
using Broker.Topics;
using Microsoft.AspNetCore.Http;

namespace Broker.Gateway.Http;

/// <summary>What a topic's answer is in HTTP.</summary>
internal static class TopicReplyResults
{
    /// <summary>Nothing for a success, else the error.</summary>
    public static IResult ToResult(this TopicReply reply) => reply.Status switch
    {
        TopicStatus.Ok => V1Result.Empty,
        TopicStatus.TopicNotFound => V1Error.TopicNotFound,
        TopicStatus.ChannelNotFound => V1Error.ChannelNotFound,
        TopicStatus.MessageNotFound => V1Error.MessageNotFound,
        TopicStatus.PolicyChanged => V1Error.PolicyChanged,
        TopicStatus.Exiting => V1Error.Exiting,
        _ => V1Error.Internal,
    };
}
