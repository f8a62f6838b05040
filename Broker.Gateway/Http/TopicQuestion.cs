using Broker.Protocol;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;

namespace Broker.Gateway.Http;

/// <summary>Which topic a request is about.</summary>
/// <param name="Topic">Name of the topic.</param>
/// <param name="Parameters">All of the request's parameters.</param>
internal readonly record struct TopicQuestion(string Topic, QueryParameters Parameters)
{
    /// <summary>Reads a request, in nsqd's order of checks (spec 3.2).</summary>
    /// <returns>The error to answer with; null when the request is good.</returns>
    public static V1Error? Read(HttpContext context, out TopicQuestion question)
    {
        question = default;
        if (QueryParameters.Of(context.Request) is not { } parameters)
            return V1Error.InvalidRequest;
        if (parameters.Find("topic") is not { } topic)
            return V1Error.MissingTopic;
        if (!NsqName.IsValid(topic))
            return V1Error.InvalidTopic;
        question = new TopicQuestion(topic, parameters);
        return null;
    }
}
