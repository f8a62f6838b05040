using Broker.Gateway.Sockets;
using Broker.Topics;

namespace Broker.Gateway.Publishing;

/// <summary>How a topic is asked: by a call to its grain, or without one where it is open in this process.</summary>
/// <param name="name">Name of the topic.</param>
/// <param name="grain">Its grain.</param>
/// <param name="hosted">The topics of this process.</param>
internal sealed class TopicCalls(string name, ITopicGrain grain, IHostedTopics hosted)
{
    /// <summary>Name of the topic.</summary>
    public string Name => name;

    /// <summary>Its grain.</summary>
    public ITopicGrain Grain => grain;

    /// <summary>Sends a request.</summary>
    public ValueTask<TopicReply> PublishAsync(PublishRequest request)
    {
        if (hosted.FindLane(name) is not { } lane || !lane.TryPublish(request, out ValueTask<TopicReply> reply))
            return grain.PublishAsync(request);
        Afterwards.TakeNote(lane);
        return reply;
    }
}
