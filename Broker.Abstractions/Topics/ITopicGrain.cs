using Broker.Channels;
using Broker.Policies;
using Orleans;

namespace Broker.Topics;

/// <summary>
/// A topic: assigns offsets, appends to the log, offers batches to its channels, and owns the topic's durable record.
/// The grain's key is the topic's name.
/// </summary>
[Alias("Broker.ITopicGrain")]
public interface ITopicGrain : IGrainWithStringKey
{
    /// <summary>Makes the topic if it is not there yet.</summary>
    [Alias("Create")] ValueTask<TopicReply> CreateAsync();

    /// <summary>Appends a batch, making the topic if it is not there yet. <see cref="TopicStatus.Ok"/> means: in the log.</summary>
    [Alias("Publish")] ValueTask<TopicReply> PublishAsync(PublishRequest request);

    /// <summary>Makes the topic and the channel where they are not there yet, durably, before it answers (SUB, create).</summary>
    [Alias("CreateChannel")] ValueTask<ChannelReply> CreateChannelAsync(string channel);

    /// <summary>Makes the channel where it is not there yet, durably, before it answers; never makes the topic.</summary>
    [Alias("AddChannel")] ValueTask<ChannelReply> AddChannelAsync(string channel);

    /// <summary>What the record says of a channel; never makes one.</summary>
    [Alias("DescribeChannel")] ValueTask<ChannelReply> DescribeChannelAsync(string channel);

    /// <summary>Deletes the topic with all its channels.</summary>
    [Alias("Delete")] ValueTask<TopicReply> DeleteAsync();

    /// <summary>Drops what the topic holds that no channel has got yet.</summary>
    [Alias("Empty")] ValueTask<TopicReply> EmptyAsync();

    /// <summary>Stops or resumes the hand-over of messages to channels; durable.</summary>
    [Alias("Pause")] ValueTask<TopicReply> PauseAsync(bool paused);

    /// <summary>Deletes a channel. With an incarnation other than 0 only that one.</summary>
    [Alias("DeleteChannel")] ValueTask<TopicReply> DeleteChannelAsync(string channel, long incarnation);

    /// <summary>Drops all that a channel holds, what is in flight and deferred included.</summary>
    [Alias("EmptyChannel")] ValueTask<TopicReply> EmptyChannelAsync(string channel);

    /// <summary>Stops or resumes the deliveries of a channel; durable.</summary>
    [Alias("PauseChannel")] ValueTask<TopicReply> PauseChannelAsync(string channel, bool paused);

    /// <summary>The policies of the topic and of one of its channels.</summary>
    /// <param name="channel">The channel's name; empty for the topic alone.</param>
    [Alias("Policy")] ValueTask<PolicyReply> PolicyAsync(string channel);

    /// <summary>Replaces the topic's policy and tells its channels; durable.</summary>
    /// <param name="policy">The whole policy.</param>
    /// <param name="expected">What the policy must be until then, else the answer is <see cref="TopicStatus.PolicyChanged"/>; null for anything.</param>
    [Alias("ChangePolicy")] ValueTask<TopicReply> ChangePolicyAsync(TopicPolicy policy, TopicPolicy? expected);

    /// <summary>Replaces a channel's policy and tells it; durable.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="policy">The whole policy.</param>
    /// <param name="expected">What the policy must be until then, else the answer is <see cref="TopicStatus.PolicyChanged"/>; null for anything.</param>
    [Alias("ChangeChannelPolicy")] ValueTask<TopicReply> ChangeChannelPolicyAsync(string channel, ChannelPolicy policy, ChannelPolicy? expected);

    /// <summary>Looks at messages that the topic holds, which no channel has got yet, and changes nothing. All of them are looked at, whatever their stage.</summary>
    [Alias("PeekHeld")] ValueTask<PeekReply> PeekHeldAsync(PeekRequest request);

    /// <summary>Looks at messages of a channel and changes nothing.</summary>
    [Alias("Peek")] ValueTask<PeekReply> PeekAsync(string channel, PeekRequest request);

    /// <summary>Makes a message that is in flight or deferred in a channel ready now; one that waits is left as it is.</summary>
    [Alias("RequeueMessage")] ValueTask<TopicReply> RequeueMessageAsync(string channel, ulong id);

    /// <summary>Takes a message out of a channel for good, wherever it stands, as if a consumer had finished it.</summary>
    [Alias("FinishMessage")] ValueTask<TopicReply> FinishMessageAsync(string channel, ulong id);

    /// <summary>Looks at dead letters of a channel and changes nothing.</summary>
    [Alias("Dead")] ValueTask<DeadReply> DeadAsync(string channel, DeadRequest request);

    /// <summary>Throws dead letters of a channel away, durably; what takes too long to look through is left for the next call.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="filter">Which.</param>
    /// <param name="from">Number of the first one to look at.</param>
    [Alias("DiscardDead")] ValueTask<DeadDiscardReply> DiscardDeadAsync(string channel, DeadFilter filter, long from);

    /// <summary>Begins to send dead letters of a channel back to it, in place of the redrive that may be under way; with null that one ends. Durable.</summary>
    [Alias("Redrive")] ValueTask<TopicReply> RedriveAsync(string channel, Redrive? redrive);

    /// <summary>How far the redrive of a channel is.</summary>
    [Alias("DescribeRedrive")] ValueTask<RedriveReply> DescribeRedriveAsync(string channel);

    /// <summary>A channel has ended the redrive that was started at a time; nothing happens when another has been started since.</summary>
    [Alias("EndRedrive")] ValueTask<TopicReply> EndRedriveAsync(string channel, long incarnation, long started);

    /// <summary>Figures of the topic and of its channels; <see cref="TopicStats.Exists"/> is false when there is no such topic.</summary>
    [Alias("Stats")] ValueTask<TopicStats> StatsAsync(StatsRequest request);

    /// <summary>
    /// A channel's own question for the end of what it may read, asked on activation and every few seconds; makes the topic
    /// offer again what the channel lacks.
    /// </summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="report">How far the channel knows and how far it has durably finished.</param>
    [Alias("Report")] ValueTask<ChannelReply> ReportAsync(string channel, ChannelReport report);
}
