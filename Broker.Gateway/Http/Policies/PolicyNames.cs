namespace Broker.Gateway.Http.Policies;

/// <summary>The names in policies as they are sent and told.</summary>
internal static class PolicyNames
{
    public const string Channels = "channels";
    public const string MaxAttempts = "max_attempts";
    public const string DeadLetter = "dead_letter";
    public const string RetryDelay = "retry_delay";
    public const string MaxDead = "max_dead";
    public const string MaxDeadBytes = "max_dead_bytes";
    public const string First = "first";
    public const string Factor = "factor";
    public const string Most = "most";
    public const string Pattern = "pattern";
    public const string DeliveryRate = "delivery_rate";
    public const string MaxAge = "max_age";
    public const string Expired = "expired";
    public const string MaxInFlight = "max_in_flight";
    public const string MsgTimeout = "msg_timeout";
    public const string MaxBytes = "max_bytes";
    public const string MaxMessageSize = "max_message_size";
    public const string OnFull = "on_full";
    public const string PublishRate = "publish_rate";

    /// <summary>What a topic's policy may say, for those who asked for something else.</summary>
    public const string OfTopic = $"a topic's policy has {MaxAge}, {MaxBytes}, {MaxMessageSize}, {OnFull}, {PublishRate} and {Channels}";

    /// <summary>What a channel's policy may say, for those who asked for something else.</summary>
    public const string OfChannel =
        $"a channel's policy has {MaxAttempts}, {DeadLetter}, {RetryDelay}, {MaxDead}, {MaxDeadBytes}, {DeliveryRate}, {MaxAge}, {Expired}, {MaxInFlight} and {MsgTimeout}";
}
