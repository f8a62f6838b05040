using System.Buffers;
using System.Text.Json;
using Broker.Policies;
using Broker.Protocol;

namespace Broker.Gateway.Http.Policies;

/// <summary>Reads policies as they are sent: an object with the names of <see cref="PolicyNames"/>, each at most once, and nothing else.</summary>
public static class PolicyReader
{
    private const double DefaultFactor = 2;
    private const double MaxFactor = 100;
    private const long MaxDead = 100_000_000;
    private const long MaxDeadBytes = 1L << 50;
    private const long DefaultMostDelay = 60 * 60 * 1000;
    private const long MaxDelay = 365L * 24 * 60 * 60 * 1000;
    private const double LeastRate = 0.001;
    private const double MaxRate = 1_000_000;
    private const long MaxInFlight = 1_000_000;
    private const long LeastMsgTimeout = 1000;
    private const long LeastBytes = 1 << 20;
    private const long MaxBytes = 1L << 50;

    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a channel's policy.</summary>
    /// <exception cref="InvalidPolicyException">It cannot be so.</exception>
    public static ChannelPolicy ReadChannel(in ReadOnlySequence<byte> json)
    {
        using JsonDocument document = Parse(json);
        return Channel(document.RootElement, "the policy");
    }

    /// <summary>Reads a topic's policy.</summary>
    /// <exception cref="InvalidPolicyException">It cannot be so.</exception>
    public static TopicPolicy ReadTopic(in ReadOnlySequence<byte> json)
    {
        using JsonDocument document = Parse(json);
        TopicPolicy policy = TopicPolicy.None;
        foreach (JsonProperty property in Properties(document.RootElement, "the policy"))
        {
            policy = property.Name switch
            {
                PolicyNames.Channels => policy with { Channels = Channel(property.Value, PolicyNames.Channels) },
                PolicyNames.MaxAge => policy with { MaxAge = Whole(property, 0, MaxDelay) },
                PolicyNames.MaxBytes => policy with { MaxBytes = Bytes(property) },
                PolicyNames.OnFull => policy with { OnFull = OneOf(property, TopicPolicy.Refuse, TopicPolicy.DropOldest) },
                PolicyNames.MaxMessageSize => policy with { MaxMessageSize = (int)Whole(property, 1, int.MaxValue) },
                PolicyNames.PublishRate => policy with { PublishRate = Rate(property) },
                _ => throw Unknown(property, PolicyNames.OfTopic),
            };
        }

        return policy;
    }

    private static JsonDocument Parse(in ReadOnlySequence<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (JsonException e)
        {
            throw new InvalidPolicyException($"the policy is no JSON object with each name once: {e.Message}");
        }
    }

    private static JsonElement.ObjectEnumerator Properties(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object
        ? element.EnumerateObject()
        : throw new InvalidPolicyException($"{name} must be a JSON object");

    private static ChannelPolicy Channel(JsonElement element, string name)
    {
        ChannelPolicy policy = ChannelPolicy.None;
        foreach (JsonProperty property in Properties(element, name))
        {
            policy = property.Name switch
            {
                PolicyNames.MaxAttempts => policy with { MaxAttempts = (int)Whole(property, 0, ushort.MaxValue) },
                PolicyNames.DeadLetter => policy with { DeadLetter = DeadLetter(property.Value) },
                PolicyNames.RetryDelay => policy with { RetryDelay = Delay(property.Value) },
                PolicyNames.MaxDead => policy with { MaxDead = Whole(property, 1, MaxDead) },
                PolicyNames.MaxDeadBytes => policy with { MaxDeadBytes = Whole(property, 1, MaxDeadBytes) },
                PolicyNames.DeliveryRate => policy with { DeliveryRate = Rate(property) },
                PolicyNames.MaxAge => policy with { MaxAge = Whole(property, 0, MaxDelay) },
                PolicyNames.Expired => policy with { Expired = OneOf(property, ChannelPolicy.Drop, ChannelPolicy.DeadLettered) },
                PolicyNames.MaxInFlight => policy with { MaxInFlight = (int)Whole(property, 0, MaxInFlight) },
                PolicyNames.MsgTimeout => policy with { MsgTimeout = (int)Whole(property, LeastMsgTimeout, int.MaxValue) },
                _ => throw Unknown(property, PolicyNames.OfChannel),
            };
        }

        return policy;
    }

    private static string DeadLetter(JsonElement value)
    {
        string? text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        bool isGood = text is ChannelPolicy.Keep or ChannelPolicy.Drop
            || (text is not null && text.StartsWith(ChannelPolicy.TopicPrefix, StringComparison.Ordinal)
                && NsqName.IsValid(text.AsSpan(ChannelPolicy.TopicPrefix.Length)));
        return isGood ? text! : throw new InvalidPolicyException("dead_letter must be keep, drop, or topic: with the name of a topic behind it");
    }

    private static RetryDelay Delay(JsonElement element)
    {
        long? first = null;
        double factor = DefaultFactor;
        long? most = null;
        foreach (JsonProperty property in Properties(element, PolicyNames.RetryDelay))
        {
            switch (property.Name)
            {
                case PolicyNames.First:
                    first = Whole(property, 0, MaxDelay);
                    break;
                case PolicyNames.Factor:
                    factor = property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetDouble(out double number) && number is >= 1 and <= MaxFactor
                        ? number
                        : throw new InvalidPolicyException("factor must be a number from 1 to 100");
                    break;
                case PolicyNames.Most:
                    most = Whole(property, 0, MaxDelay);
                    break;
                default:
                    throw Unknown(property, "retry_delay has first, factor and most");
            }
        }

        if (first is null)
            throw new InvalidPolicyException("retry_delay needs first: the milliseconds after the first attempt, 0 for none");
        if (most < first)
            throw new InvalidPolicyException("most must not be less than first");
        return new RetryDelay(first.Value, factor, most ?? Math.Max(first.Value, DefaultMostDelay));
    }

    private static string OneOf(JsonProperty property, string one, string other) =>
        property.Value.ValueKind == JsonValueKind.String && property.Value.GetString() is { } word && (word == one || word == other)
            ? word
            : throw new InvalidPolicyException($"{property.Name} must be {one} or {other}");

    private static long Bytes(JsonProperty property) =>
        property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt64(out long number) && number is 0 or (>= LeastBytes and <= MaxBytes)
            ? number
            : throw new InvalidPolicyException($"{property.Name} must be a whole number from {LeastBytes} to {MaxBytes}, or 0 for no limit");

    private static double Rate(JsonProperty property) =>
        property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetDouble(out double number) && number is 0 or (>= LeastRate and <= MaxRate)
            ? number
            : throw new InvalidPolicyException($"{property.Name} must be a number from 0.001 to 1000000, or 0 for no limit");

    private static long Whole(JsonProperty property, long least, long greatest) =>
        property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetInt64(out long number) && number >= least && number <= greatest
            ? number
            : throw new InvalidPolicyException($"{property.Name} must be a whole number from {least} to {greatest}");

    private static InvalidPolicyException Unknown(JsonProperty property, string known) => new($"the name {property.Name} is not known here: {known}");
}
