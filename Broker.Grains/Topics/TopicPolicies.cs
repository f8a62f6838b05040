using Broker.Policies;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>
/// What holds for a topic and its channels: what the record says of the channel, then of the topic, then what the configuration says of topics of this
/// name, then what the broker does with all. The first who says something is right.
/// </summary>
/// <param name="topic">The topic's name.</param>
/// <param name="options">What the configuration says.</param>
/// <param name="limits">Holds what is published to the topic's policy.</param>
internal sealed class TopicPolicies(string topic, QueueOptions options, PublishLimits limits)
{
    private readonly PatternPolicy[] _patterns = [.. options.Policies.Where(policy => policy.Covers(topic))];

    /// <summary>Told when another policy holds.</summary>
    public Action? Changed { get; set; }

    /// <summary>What a record says of its topic.</summary>
    public static TopicPolicy SaidOf(TopicRecord record) => record.Policy ?? TopicPolicy.None;

    /// <summary>What a record says of a channel.</summary>
    public static ChannelPolicy SaidOf(ChannelRecord channel) => channel.Policy ?? ChannelPolicy.None;

    /// <summary>What holds for the topic.</summary>
    public TopicPolicy For(TopicRecord record) => _patterns.Aggregate(SaidOf(record), static (above, pattern) => above.Over(pattern.Policy));

    /// <summary>What holds for a channel.</summary>
    public ChannelPolicy For(TopicRecord record, ChannelRecord channel)
    {
        TopicPolicy topicPolicy = For(record);
        ChannelPolicy policy = SaidOf(channel).Over(topicPolicy.Channels).Over(ChannelPolicy.Default);
        // What is too old for the topic is so for all of its channels.
        if (topicPolicy.MaxAge is > 0 and long most && (policy.MaxAge == 0 || policy.MaxAge > most))
            policy = policy with { MaxAge = most };
        // What other channels gave up is not sent on: it could go in a circle.
        return record.TakesDeadLetters && policy.DeadLetterTopic is not null ? policy with { DeadLetter = ChannelPolicy.Keep } : policy;
    }

    /// <summary>A record holds from now on.</summary>
    public void Apply(OpenTopic open)
    {
        TopicPolicy policy = For(open.Record);
        limits.Follow(policy);
        open.Log.Bound(policy.MaxBytes ?? 0);
        Changed?.Invoke();
    }

    /// <summary>Who says what.</summary>
    /// <param name="record">The topic's record.</param>
    /// <param name="channel">The channel that is asked about; null for the topic alone.</param>
    public PolicyReply Describe(TopicRecord record, ChannelRecord? channel) => new()
    {
        Topic = SaidOf(record),
        Channel = channel is null ? ChannelPolicy.None : SaidOf(channel),
        Patterns = _patterns,
    };
}
