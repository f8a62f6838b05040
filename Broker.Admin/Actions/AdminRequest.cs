namespace Broker.Admin;

/// <summary>Something that is to be done.</summary>
/// <param name="Verb">What.</param>
/// <param name="Topic">To which topic, or one of its channels or messages.</param>
/// <param name="Channel">To which channel; empty for the topic itself.</param>
/// <param name="Node">On which node, host:port; empty for all.</param>
/// <param name="Message">To which message, 16 hex digits, or to which dead letters, with commas between; empty for none, or for all dead letters.</param>
/// <param name="Rate">To how many messages a second at most; 0 for no limit.</param>
public sealed record AdminRequest(AdminVerb Verb, string Topic, string Channel = "", string Node = "", string Message = "", int Rate = 0)
{
    /// <summary>Whether it is about dead letters.</summary>
    public bool IsOfDead => Verb is AdminVerb.Redrive or AdminVerb.StopRedrive or AdminVerb.DiscardDead;

    /// <summary>To how many messages.</summary>
    public int Messages => Message.Length == 0 ? 0 : Message.Count(static c => c == ',') + 1;

    /// <summary>The name by which notifications and logs call it (spec 5.1).</summary>
    public string Name => Verb switch
    {
        AdminVerb.Tombstone => "tombstone_topic_producer",
        AdminVerb.Publish => "publish_message",
        AdminVerb.Requeue => "requeue_message",
        AdminVerb.Finish => "finish_message",
        AdminVerb.ChangePolicy => $"change_{(Channel.Length == 0 ? "topic" : "channel")}_policy",
        AdminVerb.Redrive => "redrive_channel",
        AdminVerb.StopRedrive => "stop_redrive_channel",
        AdminVerb.DiscardDead => "discard_dead_channel",
        _ => $"{Verb.ToString().ToLowerInvariant()}_{(Channel.Length == 0 ? "topic" : "channel")}",
    };
}
