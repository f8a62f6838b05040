using Broker.Grains.Topics;
using Broker.Topics;

namespace Broker.Tests.Simulation.Whole;

/// <summary>The topics of a silo as its own gateway has them. What that publishes without a call is counted.</summary>
/// <param name="hosted">The topics.</param>
/// <param name="published">Told of each publish.</param>
/// <param name="forgetsNotes">Whether topics are never told to take note.</param>
internal sealed class WatchedLanes(HostedTopics hosted, Action published, bool forgetsNotes) : IHostedTopics
{
    public IReadOnlyList<string> Names => hosted.Names;

    public Task Settled => hosted.Settled;

    public bool Hosts(string topic) => hosted.Hosts(topic);

    public ITopicLane? FindLane(string topic) => hosted.FindLane(topic) is { } lane ? new WatchedLane(lane, published, forgetsNotes) : null;

    private sealed class WatchedLane(ITopicLane lane, Action published, bool forgetsNotes) : ITopicLane
    {
        public bool TryPublish(PublishRequest request, out ValueTask<TopicReply> reply)
        {
            bool isTaken = lane.TryPublish(request, out reply);
            if (isTaken)
                published();
            return isTaken;
        }

        public void TakeNote()
        {
            if (!forgetsNotes)
                lane.TakeNote();
        }
    }
}
