using Broker.Channels;
using Broker.Topics;

namespace Broker.Tests.Running;

/// <summary>Figures as a failure shows them.</summary>
public static class Figures
{
    public static string Of(TopicStats stats) =>
        $"exists {stats.Exists}, depth {stats.Depth}, messages {stats.MessageCount}, paused {stats.Paused}, "
        + $"channels [{string.Join("; ", stats.Channels.Select(channel => $"{channel.Channel}: {Of(channel)}"))}]";

    public static string Of(ChannelStats stats) =>
        $"depth {stats.Depth}, in flight {stats.InFlight}, deferred {stats.Deferred}, messages {stats.MessageCount}, "
        + $"finished {stats.Finished}, requeued {stats.Requeued}, timed out {stats.TimedOut}, discarded {stats.Discarded}, "
        + $"dead {stats.Dead}, "
        + $"paused {stats.Paused}, consumers {stats.ConsumerCount} "
        + $"[{string.Join("; ", (stats.Consumers ?? []).Select(consumer => $"RDY {consumer.Ready}, in flight {consumer.InFlight}"))}]";
}
