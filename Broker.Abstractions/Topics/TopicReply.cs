using Orleans;

namespace Broker.Topics;

/// <summary>Answer of a topic to a publish or a change.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Error">
/// With <see cref="TopicStatus.Failed"/>, <see cref="TopicStatus.Unknown"/>, <see cref="TopicStatus.TooMany"/> and <see cref="TopicStatus.Full"/>: the cause in
/// one line, fit to be shown to a client.
/// </param>
/// <param name="MaxMessageSize">Of a publish: the greatest body in bytes that the topic's policy allows; 0 when it says nothing.</param>
[GenerateSerializer, Immutable, Alias("Broker.TopicReply")]
public readonly record struct TopicReply(
    [property: Id(0)] TopicStatus Status, [property: Id(1)] string? Error = null, [property: Id(20)] int MaxMessageSize = 0)
{
    /// <summary>Done.</summary>
    public static TopicReply Ok => default;

    /// <summary>Whether the call did what it was asked to.</summary>
    public bool IsOk => Status == TopicStatus.Ok;
}
