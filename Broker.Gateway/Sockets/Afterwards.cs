using Broker.Topics;

namespace Broker.Gateway.Sockets;

/// <summary>
/// What a thread that serves sockets leaves until clients have their answers: to wake another thread takes longer than to answer, and the one that is woken
/// may get the processor first.
/// </summary>
internal static class Afterwards
{
    [ThreadStatic]
    private static Queue<ITopicLane>? _lanes;

    /// <summary>Lets this thread leave things for later; <see cref="Do"/> is to follow each event that it serves.</summary>
    public static void Begin() => _lanes = new Queue<ITopicLane>();

    /// <summary>Has a topic take note of what was appended: later on a thread that serves sockets, now on any other.</summary>
    public static void TakeNote(ITopicLane lane)
    {
        if (_lanes is { } lanes)
            lanes.Enqueue(lane);
        else
            lane.TakeNote();
    }

    /// <summary>Does what was left.</summary>
    public static void Do()
    {
        while (_lanes!.TryDequeue(out ITopicLane? lane))
            lane.TakeNote();
    }
}
