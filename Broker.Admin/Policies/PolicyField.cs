namespace Broker.Admin;

/// <summary>Something that a policy may say.</summary>
/// <param name="Path">Its name in the policy; one of an object that the policy has is behind the object's, with a dot.</param>
/// <param name="Label">What it is called.</param>
/// <param name="Unit">What it is counted in; empty for nothing.</param>
public sealed record PolicyField(string Path, string Label, string Unit = "")
{
    private const string Milliseconds = "ms";
    private const string PerSecond = "messages a second";

    /// <summary>What 0 stands for; empty when it is a value like others.</summary>
    public string Zero { get; init; } = "";

    /// <summary>The words that it may be; empty when it may be anything.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What a topic's policy says of the topic itself.</summary>
    public static IReadOnlyList<PolicyField> OfTopic { get; } =
    [
        new("max_bytes", "Size", "bytes") { Zero = "no limit" },
        new("on_full", "When it is full") { Words = ["refuse", "drop_oldest"] },
        new("max_age", "Age of messages", Milliseconds) { Zero = "any" },
        new("max_message_size", "Size of a message", "bytes"),
        new("publish_rate", "Publishing", PerSecond) { Zero = "no limit" },
    ];

    /// <summary>What a policy says of a channel.</summary>
    public static IReadOnlyList<PolicyField> OfChannel { get; } =
    [
        new("max_attempts", "Attempts") { Zero = "no limit" },
        new("dead_letter", "What is given up"),
        new("retry_delay.first", "Delay after the first attempt", Milliseconds) { Zero = "none" },
        new("retry_delay.factor", "Growth of the delay", "times"),
        new("retry_delay.most", "Longest delay", Milliseconds),
        new("delivery_rate", "Deliveries", PerSecond) { Zero = "no limit" },
        new("max_in_flight", "In flight", "messages") { Zero = "no limit" },
        new("max_age", "Age of messages", Milliseconds) { Zero = "any" },
        new("expired", "What has expired") { Words = ["drop", "dead_letter"] },
        new("msg_timeout", "Message timeout", Milliseconds),
    ];
}
