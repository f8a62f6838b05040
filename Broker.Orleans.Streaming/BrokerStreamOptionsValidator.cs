using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Broker.Orleans.Streaming;

/// <summary>Says at the start, by a sentence each, what is wrong with the options of a provider.</summary>
internal sealed partial class BrokerStreamOptionsValidator(string provider, IOptions<ClusterOptions> cluster) : IValidateOptions<BrokerStreamOptions>
{
    // What the names of queues take of the 64 characters of a topic's.
    private const int LongestPrefix = 64 - 7;

    public ValidateOptionsResult Validate(string? name, BrokerStreamOptions options)
    {
        if (name != provider) return ValidateOptionsResult.Skip;
        string[] failures = [.. Failures(options).Select(failure => $"Stream provider \"{provider}\": {failure}")];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    [GeneratedRegex("^[.a-zA-Z0-9_-]{1,64}$")]
    private static partial Regex TopicName();

    [GeneratedRegex("^[.a-zA-Z0-9_-]{1,64}(#ephemeral)?$")]
    private static partial Regex ChannelName();

    private IEnumerable<string> Failures(BrokerStreamOptions options)
    {
        string prefix = options.TopicPrefix ?? provider;
        if (options.Addresses.Count + options.LookupAddresses.Count == 0)
            yield return $"no server is named; set {nameof(options.Addresses)} to the host:port of a broker.";
        foreach (string address in options.Addresses)
        {
            if (!IsHostAndPort(address)) yield return $"\"{address}\" in {nameof(options.Addresses)} is not host:port.";
        }
        foreach (string address in options.LookupAddresses)
        {
            if (!address.Contains("://", StringComparison.Ordinal) && !IsHostAndPort(address))
                yield return $"\"{address}\" in {nameof(options.LookupAddresses)} is neither host:port nor a URL.";
        }
        if (!TopicName().IsMatch(prefix) || prefix.Length > LongestPrefix)
        {
            yield return $"\"{prefix}\" cannot begin a topic's name; set {nameof(options.TopicPrefix)} to 1 to {LongestPrefix} letters, digits, '.', '_' or '-'.";
        }
        if (!ChannelName().IsMatch(options.Channel ?? cluster.Value.ServiceId))
        {
            yield return $"\"{options.Channel ?? cluster.Value.ServiceId}\" is no channel's name; "
                + $"set {nameof(options.Channel)} to 1 to 64 letters, digits, '.', '_' or '-'.";
        }
        if (options.QueueCount is < 1 or > 4096) yield return $"{nameof(options.QueueCount)} is {options.QueueCount}; it must be 1 to 4096.";
        if (options.FormerQueueCount is < 0 or > 4096) yield return $"{nameof(options.FormerQueueCount)} is {options.FormerQueueCount}; it must be 0 to 4096.";
        if (options.CacheSize is < 1 or > 2500) yield return $"{nameof(options.CacheSize)} is {options.CacheSize}; it must be 1 to 2500.";
        if (options.Format is not (StreamBodyFormat.Orleans or StreamBodyFormat.Json))
            yield return $"{nameof(options.Format)} is {options.Format}; it must be {StreamBodyFormat.Orleans} or {StreamBodyFormat.Json}.";
        if (options.MessageTimeout < TimeSpan.FromSeconds(1)) yield return $"{nameof(options.MessageTimeout)} is {options.MessageTimeout}; it must be at least 1 s.";
        if (options.PublishTimeout <= TimeSpan.Zero) yield return $"{nameof(options.PublishTimeout)} is {options.PublishTimeout}; it must be positive.";
        if (options.RequeueDelay < TimeSpan.Zero) yield return $"{nameof(options.RequeueDelay)} is {options.RequeueDelay}; it must not be negative.";
        if (options.MaxAttempts is < 0 or > ushort.MaxValue) yield return $"{nameof(options.MaxAttempts)} is {options.MaxAttempts}; it must be 0 to 65535.";
        if (!Enum.IsDefined(options.FailedEvents)) yield return $"{nameof(options.FailedEvents)} is {(int)options.FailedEvents}, which is not one of the policies.";
        if (options.DeadLetterTopic is { } dead && !TopicName().IsMatch(dead)) yield return $"{nameof(options.DeadLetterTopic)} \"{dead}\" is no topic's name.";
        bool needsDeadLetters = options.FailedEvents == FailedEventPolicy.DeadLetter
            || (options.FailedEvents == FailedEventPolicy.Requeue && options.MaxAttempts > 0);
        if (needsDeadLetters && options is { Addresses.Count: 0, LookupAddresses.Count: > 0 })
        {
            yield return $"dead letters cannot be published without {nameof(options.Addresses)}; name a server, "
                + $"or set {nameof(options.FailedEvents)} to {FailedEventPolicy.Drop} or {FailedEventPolicy.Requeue} with {nameof(options.MaxAttempts)} 0.";
        }
        foreach (string failure in TopicFailures(options)) yield return failure;
    }

    private static IEnumerable<string> TopicFailures(BrokerStreamOptions options)
    {
        HashSet<string> namespaces = [];
        foreach (BrokerTopicStream topic in options.Topics)
        {
            if (!TopicName().IsMatch(topic.Topic)) yield return $"\"{topic.Topic}\" in {nameof(options.Topics)} is no topic's name.";
            if (topic.Channel is { } channel && !ChannelName().IsMatch(channel)) yield return $"\"{channel}\" is not a valid channel name of topic {topic.Topic}.";
            if (topic.Key.Length == 0) yield return $"the {nameof(topic.Key)} of topic {topic.Topic} is empty.";
            if (!namespaces.Add(topic.EffectiveNamespace)) yield return $"two of {nameof(options.Topics)} have the namespace {topic.EffectiveNamespace}.";
        }
    }

    private static bool IsHostAndPort(string address)
    {
        int colon = address.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(address.AsSpan(colon + 1), out ushort port) && port > 0;
    }
}
