using Broker.Policies;
using Broker.Topics;
using Orleans;

namespace Broker.Channels;

/// <summary>
/// A channel: what is ready, in flight and deferred, and the consumers that share it. The grain's key is
/// <see cref="ChannelKey"/>.
/// </summary>
[Alias("Broker.IChannelGrain")]
public interface IChannelGrain : IGrainWithStringKey
{
    /// <summary>Joins consumers of one gateway, or joins them again after the channel was activated anew.</summary>
    [Alias("Attach")] ValueTask<AttachReply> AttachAsync(AttachRequest request);

    /// <summary>Carries out the commands of one gateway's consumers in their order.</summary>
    [Alias("Execute")] ValueTask<CommandReply> ExecuteAsync(CommandBatch commands);

    /// <summary>Takes over what the topic has appended.</summary>
    [Alias("Offer")] ValueTask<OfferReply> OfferAsync(ChannelOffer offer);

    /// <summary>Stops or resumes deliveries; called by the topic, which keeps the flag.</summary>
    [Alias("Pause")] ValueTask<TopicStatus> PauseAsync(long incarnation, bool paused);

    /// <summary>Says which policy holds from now on; called by the topic, which keeps it.</summary>
    /// <param name="incarnation">The channel's incarnation.</param>
    /// <param name="policy">What holds, with what is inherited.</param>
    [Alias("ChangePolicy")] ValueTask<TopicStatus> ChangePolicyAsync(long incarnation, ChannelPolicy policy);

    /// <summary>Drops all that the channel holds below <paramref name="end"/>; called by the topic.</summary>
    [Alias("Empty")] ValueTask<TopicStatus> EmptyAsync(long incarnation, long end);

    /// <summary>Closes the consumers and drops everything, progress included; called by the topic after its record forgot the channel.</summary>
    [Alias("Delete")] ValueTask<TopicStatus> DeleteAsync(long incarnation);

    /// <summary>Looks at messages and changes nothing.</summary>
    [Alias("Peek")] ValueTask<PeekReply> PeekAsync(PeekRequest request);

    /// <summary>Makes a message that is in flight or deferred ready now; called by the topic.</summary>
    [Alias("RequeueMessage")] ValueTask<TopicStatus> RequeueMessageAsync(long incarnation, ulong id);

    /// <summary>Takes a message out for good, wherever it stands; called by the topic.</summary>
    [Alias("FinishMessage")] ValueTask<TopicStatus> FinishMessageAsync(long incarnation, ulong id);

    /// <summary>Looks at dead letters and changes nothing.</summary>
    [Alias("Dead")] ValueTask<DeadReply> DeadAsync(DeadRequest request);

    /// <summary>Throws dead letters away; called by the topic.</summary>
    /// <param name="incarnation">The channel's incarnation.</param>
    /// <param name="filter">Which.</param>
    /// <param name="from">Number of the first one to look at.</param>
    [Alias("DiscardDead")] ValueTask<DeadDiscardReply> DiscardDeadAsync(long incarnation, DeadFilter filter, long from);

    /// <summary>Says which redrive is under way from now on, null for none; called by the topic, which keeps it.</summary>
    [Alias("Redrive")] ValueTask<TopicStatus> RedriveAsync(long incarnation, Redrive? redrive);

    /// <summary>How far the redrive is.</summary>
    [Alias("DescribeRedrive")] ValueTask<RedriveReply> DescribeRedriveAsync(long incarnation);

    /// <summary>Figures of the channel.</summary>
    [Alias("Stats")] ValueTask<ChannelStats> StatsAsync(long incarnation, bool includeConsumers);
}
