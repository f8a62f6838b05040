namespace Broker.Admin;

/// <summary>What a history remembers of a moment.</summary>
/// <param name="In">Messages that have come so far.</param>
/// <param name="Out">Messages that it has got rid of so far.</param>
/// <param name="Depth">Messages that wait.</param>
/// <param name="InFlight">Messages that consumers have.</param>
/// <param name="Died">Messages that were given up so far.</param>
public readonly record struct FigureCounts(long In, long Out, long Depth, long InFlight, long Died = 0)
{
    /// <summary>Those of a topic.</summary>
    public static FigureCounts Of(TopicFigures topic, long depth, long inFlight) => new(topic.MessageCount, 0, depth, inFlight);

    /// <summary>Those of a channel.</summary>
    public static FigureCounts Of(ChannelFigures channel) => new(
        channel.MessageCount, channel.MessageCount - channel.Depth - channel.InFlight - channel.Deferred, channel.Depth, channel.InFlight,
        channel.Died);
}
