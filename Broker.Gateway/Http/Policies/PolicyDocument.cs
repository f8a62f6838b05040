using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Broker.Policies;
using Broker.Topics;

namespace Broker.Gateway.Http.Policies;

/// <summary>What is told of a policy: what is said there itself, and what holds, each value with who says it.</summary>
/// <param name="policy">What is said there.</param>
/// <param name="effective">What holds.</param>
internal sealed class PolicyDocument(JsonObject policy, JsonObject effective)
{
    private const int TagBytes = 8;

    /// <summary>What is told.</summary>
    public string Text { get; } = new JsonObject { ["policy"] = policy.DeepClone(), ["effective"] = effective }.ToJsonString();

    /// <summary>The tag of what is said there: the same for the same policy.</summary>
    public string Tag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(policy.ToJsonString())).AsSpan(0, TagBytes))}\"";

    /// <summary>What is told of a channel's policy, or of its topic's.</summary>
    /// <param name="reply">What the topic answered.</param>
    /// <param name="channel">The channel's name; empty for the topic alone.</param>
    /// <param name="options">What holds for clients of this gateway where nobody says anything.</param>
    public static PolicyDocument Of(PolicyReply reply, string channel, GatewayOptions options) =>
        channel.Length == 0 ? OfTopic(reply, options) : new PolicyDocument(Describe(ValuesOf(reply.Channel)), EffectiveOfChannel(reply, options));

    private static PolicyDocument OfTopic(PolicyReply reply, GatewayOptions options)
    {
        JsonObject policy = Describe(ValuesOf(reply.Topic));
        if (reply.Topic.Channels != ChannelPolicy.None)
            policy[PolicyNames.Channels] = Describe(ValuesOf(reply.Topic.Channels));
        JsonObject effective = Effective(
        [
            new Layer("topic", ValuesOf(reply.Topic)),
            .. reply.Patterns.Select(static pattern => new Layer(PolicyNames.Pattern, ValuesOf(pattern.Policy), pattern.Topics)),
            new Layer("broker", ValuesOf(TopicPolicy.Default with { MaxMessageSize = options.MaxMsgSize })),
        ]);
        effective[PolicyNames.Channels] = EffectiveOfChannel(reply, options);
        return new PolicyDocument(policy, effective);
    }

    private static JsonObject EffectiveOfChannel(PolicyReply reply, GatewayOptions options) => Effective(
    [
        new Layer("channel", ValuesOf(reply.Channel)),
        new Layer("topic", ValuesOf(reply.Topic.Channels)),
        .. reply.Patterns.Select(static pattern => new Layer(PolicyNames.Pattern, ValuesOf(pattern.Policy.Channels), pattern.Topics)),
        new Layer("broker", ValuesOf(reply.Broker with { MsgTimeout = (int)options.MsgTimeout.TotalMilliseconds })),
    ]);

    private static JsonObject Describe(IEnumerable<(string Name, JsonNode? Value)> values)
    {
        JsonObject described = [];
        foreach ((string name, JsonNode? value) in values)
        {
            if (value is not null)
                described[name] = value;
        }

        return described;
    }

    // The first who says something is right.
    private static JsonObject Effective(IEnumerable<Layer> layers)
    {
        JsonObject effective = [];
        foreach (Layer layer in layers)
        {
            foreach ((string name, JsonNode? value) in layer.Values)
            {
                if (value is null || effective.ContainsKey(name))
                    continue;
                JsonObject told = new() { ["value"] = value, ["from"] = layer.From };
                if (layer.Pattern is { } pattern)
                    told[PolicyNames.Pattern] = pattern;
                effective[name] = told;
            }
        }

        return effective;
    }

    private static IEnumerable<(string Name, JsonNode? Value)> ValuesOf(TopicPolicy policy) =>
    [
        (PolicyNames.MaxAge, policy.MaxAge),
        (PolicyNames.MaxBytes, policy.MaxBytes),
        (PolicyNames.MaxMessageSize, policy.MaxMessageSize),
        (PolicyNames.OnFull, policy.OnFull),
        (PolicyNames.PublishRate, policy.PublishRate),
    ];

    private static IEnumerable<(string Name, JsonNode? Value)> ValuesOf(ChannelPolicy policy) =>
    [
        (PolicyNames.MaxAttempts, policy.MaxAttempts),
        (PolicyNames.DeadLetter, policy.DeadLetter),
        (PolicyNames.RetryDelay, policy.RetryDelay is { } delay
            ? new JsonObject { [PolicyNames.First] = delay.First, [PolicyNames.Factor] = delay.Factor, [PolicyNames.Most] = delay.Most }
            : null),
        (PolicyNames.MaxDead, policy.MaxDead),
        (PolicyNames.MaxDeadBytes, policy.MaxDeadBytes),
        (PolicyNames.DeliveryRate, policy.DeliveryRate),
        (PolicyNames.MaxAge, policy.MaxAge),
        (PolicyNames.Expired, policy.Expired),
        (PolicyNames.MaxInFlight, policy.MaxInFlight),
        (PolicyNames.MsgTimeout, policy.MsgTimeout),
    ];

    /// <summary>Somebody who may say something.</summary>
    /// <param name="From">Who.</param>
    /// <param name="Values">What is said; null where nothing is.</param>
    /// <param name="Pattern">Of a pattern in the configuration: which one.</param>
    private readonly record struct Layer(string From, IEnumerable<(string Name, JsonNode? Value)> Values, string? Pattern = null);
}
