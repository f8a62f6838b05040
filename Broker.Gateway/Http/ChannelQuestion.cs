using Broker.Protocol;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;

namespace Broker.Gateway.Http;

/// <summary>Which channel a request is about.</summary>
/// <param name="Topic">Name of the topic.</param>
/// <param name="Channel">Name of the channel.</param>
/// <param name="Parameters">All of the request's parameters.</param>
internal readonly record struct ChannelQuestion(string Topic, string Channel, QueryParameters Parameters)
{
    /// <summary>Reads a request, in nsqd's order of checks (spec 3.2).</summary>
    /// <returns>The error to answer with; null when the request is good.</returns>
    public static V1Error? Read(HttpContext context, out ChannelQuestion question)
    {
        question = default;
        if (QueryParameters.Of(context.Request) is not { } parameters)
            return V1Error.InvalidRequest;
        if (parameters.Find("topic") is not { } topic)
            return V1Error.MissingTopic;
        if (!NsqName.IsValid(topic))
            return V1Error.InvalidTopicArgument;
        if (parameters.Find("channel") is not { } channel)
            return V1Error.MissingChannel;
        if (!NsqName.IsValid(channel))
            return V1Error.InvalidChannelArgument;
        question = new ChannelQuestion(topic, channel, parameters);
        return null;
    }
}
