namespace Broker.Admin;

/// <summary>What one is asked before something is done: what it is, and what is lost by it, in numbers.</summary>
internal sealed class Confirmation
{
    private readonly AdminRequest _action;
    private readonly TopicSample? _topic;
    private readonly ChannelSample? _channel;
    private readonly bool _hasLookups;

    /// <param name="action">What is to be done.</param>
    /// <param name="topic">How its topic is now; null when there is none.</param>
    /// <param name="hasLookups">Whether lookup services forget too.</param>
    public Confirmation(AdminRequest action, TopicSample? topic, bool hasLookups)
    {
        _action = action;
        _topic = topic;
        _channel = _topic?.Find(action.Channel);
        _hasLookups = hasLookups;
    }

    /// <summary>The question.</summary>
    public string Title => _action.Verb switch
    {
        AdminVerb.Tombstone => $"Tombstone {_action.Node} for {_action.Topic}?",
        AdminVerb.Publish => $"Publish to {_action.Topic}?",
        AdminVerb.Requeue => $"Requeue message {_action.Message} now?",
        AdminVerb.Finish => $"Finish message {_action.Message}?",
        AdminVerb.Redrive => $"Send {DeadOf(_action)} back?",
        AdminVerb.StopRedrive => $"Stop sending dead letters back to {ObjectOf(_action)}?",
        AdminVerb.DiscardDead => $"Discard {DeadOf(_action)}?",
        _ => $"{_action.Verb} {ObjectOf(_action)}?",
    };

    /// <summary>What the button says.</summary>
    public string Button => _action.Verb switch
    {
        AdminVerb.Requeue => "Requeue now",
        AdminVerb.Finish => "Finish message",
        AdminVerb.Redrive => "Send back",
        AdminVerb.StopRedrive => "Stop",
        AdminVerb.DiscardDead => "Discard",
        AdminVerb.Publish => "Publish",
        AdminVerb.Tombstone => "Tombstone",
        _ => $"{_action.Verb} {(_action.Channel.Length == 0 ? "topic" : "channel")}",
    };

    /// <summary>Whether something is lost.</summary>
    public bool IsDanger => _action.Verb is AdminVerb.Delete or AdminVerb.Empty or AdminVerb.Tombstone or AdminVerb.Finish or AdminVerb.DiscardDead;

    /// <summary>What is lost, and what else happens.</summary>
    public IReadOnlyList<string> Losses => _action.Verb switch
    {
        AdminVerb.Create => [_hasLookups ? "The lookup services are told of it. Brokers that have the topic create the channel." : "The brokers create it.", "Nothing is lost."],
        AdminVerb.Delete when _action.Channel.Length > 0 => DeleteChannel(),
        AdminVerb.Delete => DeleteTopic(),
        AdminVerb.Empty when _action.Channel.Length > 0 => EmptyChannel(),
        AdminVerb.Empty => EmptyTopic(),
        AdminVerb.Pause => Pause(),
        AdminVerb.Unpause => [$"Delivery starts again: {Figure.Count(Waiting, "message")} waiting.", "Nothing is lost."],
        AdminVerb.Tombstone => Tombstone(),
        AdminVerb.Publish => [Copies()],
        AdminVerb.Requeue => ["It is delivered again at once. If a consumer has it in flight, two may work on it.", "Nothing is lost."],
        AdminVerb.Finish => [$"The channel {_action.Channel} drops it, and no consumer gets it again. Other channels keep their copies."],
        AdminVerb.Redrive => Redrive(),
        AdminVerb.StopRedrive => ["What was not sent back stays dead.", "Nothing is lost."],
        AdminVerb.DiscardDead =>
            [_action.Messages == 1 ? "It is lost for ever." : $"{Figure.Count(Dead, "dead letter")} {(Dead == 1 ? "is" : "are")} lost for ever. Download them first if they may be needed."],
        _ => [],
    };

    private long Dead => _action.Messages > 0 ? _action.Messages : _channel?.Figures.Nodes?.Find(node => node.Node == _action.Node)?.Dead ?? _channel?.Figures.Dead ?? 0;

    private long Waiting => _channel?.Figures.Depth ?? _topic?.Figures.Depth ?? 0;

    /// <summary>What is said when it is done.</summary>
    public static string SentenceAfter(AdminRequest action) => action.Verb switch
    {
        AdminVerb.Tombstone => $"{action.Node} was tombstoned for {action.Topic}.",
        AdminVerb.Publish => $"A message was published to {action.Topic}.",
        AdminVerb.Requeue => $"Message {action.Message} was requeued.",
        AdminVerb.Finish => $"Message {action.Message} was finished.",
        AdminVerb.Redrive => $"Sending {DeadOf(action)} back.",
        AdminVerb.StopRedrive => $"No more dead letters are sent back to {ObjectOf(action)}.",
        AdminVerb.DiscardDead => $"Discarded {DeadOf(action)}.",
        AdminVerb.Create => $"Created {ObjectOf(action)}.",
        AdminVerb.Delete => $"Deleted {ObjectOf(action)}.",
        AdminVerb.Pause => $"Paused {ObjectOf(action)}.",
        AdminVerb.Unpause => $"Unpaused {ObjectOf(action)}.",
        AdminVerb.ChangePolicy => $"Changed the policy of {ObjectOf(action)}.",
        _ => $"Emptied {ObjectOf(action)}.",
    };

    private static string ObjectOf(AdminRequest action) =>
        action.Channel.Length == 0 ? $"topic {action.Topic}" : $"channel {action.Channel} of {action.Topic}";

    private static string DeadOf(AdminRequest action) =>
        action.Messages switch
        {
            0 => $"all dead letters of {ObjectOf(action)}",
            1 => $"dead letter {action.Message}",
            int several => $"{Figure.Count(several, "dead letter")} of {ObjectOf(action)}",
        };

    private string[] Redrive() =>
    [
        _action.Messages == 1
            ? $"It comes to a consumer of the channel {_action.Channel} again, as if it were new."
            : $"{Figure.Count(Dead, "message")} {(Dead == 1 ? "comes" : "come")} to the consumers of the channel {_action.Channel} again, as if they were new"
                + (_action.Rate > 0 ? $", no more than {Figure.Count(_action.Rate)} a second." : ", as fast as they take them."),
        "It takes the place of a sending back that is under way. Other channels get none. What fails again dies again. Nothing is lost.",
    ];

    private static string Lost(long waiting, long inFlight, long deferred) => waiting + inFlight + deferred == 0
        ? "No message is lost: it is empty."
        : $"{Figure.Count(waiting + inFlight + deferred, "message")} {(waiting + inFlight + deferred == 1 ? "is" : "are")} lost for ever: "
            + $"{Figure.Count(waiting)} waiting, {Figure.Count(inFlight)} in flight, {Figure.Count(deferred)} deferred.";

    private static string Disconnected(long consumers, string after) =>
        consumers == 0 ? "No consumer is connected." : $"{Figure.Count(consumers, "consumer")} {(consumers == 1 ? "is" : "are")} disconnected. {after}";

    private string Copies() => (_topic?.Channels.Count ?? 0) switch
    {
        0 => "The topic has no channel: the message waits in the topic.",
        1 => "The topic's channel gets the message.",
        int channels => $"Each of the topic's {Figure.Count(channels, "channel")} gets a copy.",
    };

    private string[] DeleteChannel() => _channel is null
        ? ["The lookup services forget it. No broker has it, so no message is lost."]
        :
        [
            Lost(_channel.Figures.Depth, _channel.Figures.InFlight, _channel.Figures.Deferred),
            Disconnected(_channel.Figures.ClientCount, "One that connects again creates the channel again."),
        ];

    private string[] DeleteTopic() => _topic is not { IsActive: true }
        ? ["The lookup services forget it. No broker has it, so no message is lost."]
        :
        [
            Lost(_topic.Depth, _topic.InFlight, _topic.Deferred),
            $"{Figure.Count(_topic.Channels.Count, "channel")} {(_topic.Channels.Count == 1 ? "is" : "are")} deleted with it, on {Figure.Count(_topic.Figures.Nodes?.Count ?? 0, "node")}.",
            Disconnected(_topic.Clients, "The next publisher or consumer creates the topic again."),
        ];

    private string[] EmptyChannel() => _channel is null
        ? ["No broker has it: nothing happens."]
        : [Lost(_channel.Figures.Depth, _channel.Figures.InFlight, _channel.Figures.Deferred), "Consumers stay connected. Other channels keep their copies."];

    private string[] EmptyTopic() => _topic is null
        ? ["No broker has it: nothing happens."]
        :
        [
            Lost(_topic.Figures.Depth, 0, 0),
            $"Its {Figure.Count(_topic.Channels.Count, "channel")} {(_topic.Channels.Count == 1 ? "keeps" : "keep")} {Figure.Count(_topic.Depth - _topic.Figures.Depth, "message")}.",
        ];

    private string[] Pause() => _action.Channel.Length == 0
        ? ["Messages that are published from now on wait in the topic. Its channels get nothing new until it is unpaused.", "Nothing is lost."]
        : [$"Its {Figure.Count(_channel?.Figures.ClientCount ?? 0, "consumer")} {(_channel?.Figures.ClientCount == 1 ? "gets" : "get")} nothing new until it is unpaused. New messages wait in the channel.", "Nothing is lost."];

    private string[] Tombstone()
    {
        TopicFigures? node = _topic?.Figures.Nodes?.Find(other => other.Node == _action.Node);
        return
        [
            "The lookup services hide this node from clients that look for the topic, so that they use other nodes.",
            $"The topic is deleted on that node. {Lost(
                (node?.Depth ?? 0) + (node?.Channels ?? []).Sum(static channel => channel.Depth),
                (node?.Channels ?? []).Sum(static channel => channel.InFlight),
                (node?.Channels ?? []).Sum(static channel => channel.Deferred))}",
        ];
    }
}
