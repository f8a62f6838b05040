namespace Broker.Admin;

/// <summary>What one is asked before something is done: what it is, and what is lost by it, in numbers.</summary>
internal sealed class Confirmation
{
    private readonly AdminRequest _action;
    private readonly TopicSample? _topic;
    private readonly ChannelSample? _channel;
    private readonly bool _hasLookups;

    /// <param name="action">What is to be done.</param>
    /// <param name="sample">How things are now.</param>
    /// <param name="hasLookups">Whether lookup services forget too.</param>
    public Confirmation(AdminRequest action, ClusterSample sample, bool hasLookups)
    {
        _action = action;
        _topic = sample.Find(action.Topic);
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
        _ => $"{_action.Verb} {ObjectOf(_action)}?",
    };

    /// <summary>What the button says.</summary>
    public string Button => _action.Verb switch
    {
        AdminVerb.Requeue => "Requeue now",
        AdminVerb.Finish => "Finish message",
        AdminVerb.Publish => "Publish",
        AdminVerb.Tombstone => "Tombstone",
        _ => $"{_action.Verb} {(_action.Channel.Length == 0 ? "topic" : "channel")}",
    };

    /// <summary>Whether something is lost.</summary>
    public bool IsDanger => _action.Verb is AdminVerb.Delete or AdminVerb.Empty or AdminVerb.Tombstone or AdminVerb.Finish;

    /// <summary>What is lost, and what else happens.</summary>
    public IReadOnlyList<string> Losses => _action.Verb switch
    {
        AdminVerb.Create => [_hasLookups ? "It is made known to the lookup services; brokers that have the topic make the channel." : "The brokers make it.", "Nothing is lost."],
        AdminVerb.Delete when _action.Channel.Length > 0 => DeleteChannel(),
        AdminVerb.Delete => DeleteTopic(),
        AdminVerb.Empty when _action.Channel.Length > 0 => EmptyChannel(),
        AdminVerb.Empty => EmptyTopic(),
        AdminVerb.Pause => Pause(),
        AdminVerb.Unpause => [$"What waits is handed on again: {Figure.Count(Waiting, "message")}.", "Nothing is lost."],
        AdminVerb.Tombstone => Tombstone(),
        AdminVerb.Publish => [$"{Figure.Count(_topic?.Channels.Count ?? 0, "channel")} of the topic {(_topic?.Channels.Count == 1 ? "gets" : "get")} a copy each."],
        AdminVerb.Requeue => ["It is delivered again at once. If a consumer has it in flight, two may work on it.", "Nothing is lost."],
        AdminVerb.Finish => [$"The channel {_action.Channel} drops it, and no consumer gets it again. Other channels keep their copies."],
        _ => [],
    };

    private long Waiting => _channel?.Figures.Depth ?? _topic?.Figures.Depth ?? 0;

    /// <summary>What is said when it is done.</summary>
    public static string SentenceAfter(AdminRequest action) => action.Verb switch
    {
        AdminVerb.Tombstone => $"{action.Node} was tombstoned for {action.Topic}.",
        AdminVerb.Publish => $"A message was published to {action.Topic}.",
        AdminVerb.Requeue => $"Message {action.Message} was requeued.",
        AdminVerb.Finish => $"Message {action.Message} was finished.",
        AdminVerb.Create => $"Created {ObjectOf(action)}.",
        AdminVerb.Delete => $"Deleted {ObjectOf(action)}.",
        AdminVerb.Pause => $"Paused {ObjectOf(action)}.",
        AdminVerb.Unpause => $"Unpaused {ObjectOf(action)}.",
        _ => $"Emptied {ObjectOf(action)}.",
    };

    private static string ObjectOf(AdminRequest action) =>
        action.Channel.Length == 0 ? $"topic {action.Topic}" : $"channel {action.Channel} of {action.Topic}";

    private static string Lost(long waiting, long inFlight, long deferred) => waiting + inFlight + deferred == 0
        ? "No message is lost: it is empty."
        : $"{Figure.Count(waiting + inFlight + deferred, "message")} {(waiting + inFlight + deferred == 1 ? "is" : "are")} lost for ever: "
            + $"{Figure.Count(waiting)} waiting, {Figure.Count(inFlight)} in flight, {Figure.Count(deferred)} deferred.";

    private string[] DeleteChannel() => _channel is null
        ? ["The lookup services forget it. No broker has it, so no message is lost."]
        :
        [
            Lost(_channel.Figures.Depth, _channel.Figures.InFlight, _channel.Figures.Deferred),
            $"{Figure.Count(_channel.Figures.ClientCount, "consumer")} {(_channel.Figures.ClientCount == 1 ? "is" : "are")} disconnected; one that connects again makes it anew.",
        ];

    private string[] DeleteTopic() => _topic is not { IsActive: true }
        ? ["The lookup services forget it. No broker has it, so no message is lost."]
        :
        [
            Lost(_topic.Depth, _topic.InFlight, _topic.Deferred),
            $"{Figure.Count(_topic.Channels.Count, "channel")} {(_topic.Channels.Count == 1 ? "goes" : "go")} with it, on {Figure.Count(_topic.Figures.Nodes?.Count ?? 0, "node")}.",
            $"{Figure.Count(_topic.Clients, "consumer")} {(_topic.Clients == 1 ? "is" : "are")} disconnected; whoever publishes or connects again makes it anew.",
        ];

    private string[] EmptyChannel() => _channel is null
        ? ["No broker has it: nothing happens."]
        : [Lost(_channel.Figures.Depth, _channel.Figures.InFlight, _channel.Figures.Deferred), "Consumers stay connected. Other channels keep their copies."];

    private string[] EmptyTopic() => _topic is null
        ? ["No broker has it: nothing happens."]
        :
        [
            Lost(_topic.Figures.Depth, 0, 0),
            $"What its {Figure.Count(_topic.Channels.Count, "channel")} {(_topic.Channels.Count == 1 ? "has" : "have")} already stays: {Figure.Count(_topic.Depth - _topic.Figures.Depth, "message")}.",
        ];

    private string[] Pause() => _action.Channel.Length == 0
        ? ["What is published from now on waits in the topic; channels get nothing new until it is unpaused.", "Nothing is lost."]
        : [$"Its {Figure.Count(_channel?.Figures.ClientCount ?? 0, "consumer")} {(_channel?.Figures.ClientCount == 1 ? "gets" : "get")} nothing new until it is unpaused; messages go on gathering.", "Nothing is lost."];

    private string[] Tombstone()
    {
        TopicFigures? node = _topic?.Figures.Nodes?.Find(other => other.Node == _action.Node);
        return
        [
            "The lookup services hide the node from those who look for the topic, so that producers and consumers go elsewhere.",
            $"The topic is deleted on that node. {Lost(
                (node?.Depth ?? 0) + (node?.Channels ?? []).Sum(static channel => channel.Depth),
                (node?.Channels ?? []).Sum(static channel => channel.InFlight),
                (node?.Channels ?? []).Sum(static channel => channel.Deferred))}",
        ];
    }
}
