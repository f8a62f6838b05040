using System.Net;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Announcing;

/// <summary>What is logged by what announces this broker to lookup services; event ids 4100 to 4199.</summary>
internal static partial class AnnouncingLog
{
    [LoggerMessage(4100, LogLevel.Warning, "lookup: the topics of this broker cannot be listed; trying again")]
    public static partial void TopologyUnknown(this ILogger logger, Exception exception);

    [LoggerMessage(4101, LogLevel.Information, "LOOKUPD({EndPoint}): registered, it is {Broadcast} with http {Http}; announcing {Topics} topics")]
    public static partial void LookupReached(this ILogger logger, EndPoint endPoint, string? broadcast, long? http, int topics);

    [LoggerMessage(4102, LogLevel.Warning, "LOOKUPD({EndPoint}): {Cause}; trying again in {Pause}")]
    public static partial void LookupLost(this ILogger logger, EndPoint endPoint, TimeSpan pause, string cause);

    [LoggerMessage(4103, LogLevel.Information, "LOOKUPD({EndPoint}): left")]
    public static partial void LookupLeft(this ILogger logger, EndPoint endPoint);

    [LoggerMessage(4104, LogLevel.Error, "lookupd-tcp-address: \"{Address}\" is not host:port and is ignored; write it like lookup.example.com:4160")]
    public static partial void LookupAddressUnusable(this ILogger logger, string address);

    [LoggerMessage(4105, LogLevel.Warning, "lookupd-tcp-address: {Address} cannot be resolved: {Cause}")]
    public static partial void LookupUnresolved(this ILogger logger, string address, string cause);

    [LoggerMessage(4106, LogLevel.Warning, "topic {Topic}: its channels on other nodes are not known, because {Source} did not answer: {Cause}")]
    public static partial void ChannelsUnknown(this ILogger logger, string topic, string source, string cause);

    [LoggerMessage(4109, LogLevel.Information, "topic {Topic}: this node is no longer listed in the lookup service; the topic stays in the cluster")]
    public static partial void TopicWithdrawn(this ILogger logger, string topic);

    [LoggerMessage(4110, LogLevel.Warning, "topic {Topic}: {Source} did not answer whether this node is tombstoned for it: {Cause}")]
    public static partial void TombstoneUnknown(this ILogger logger, string topic, string source, string cause);

    [LoggerMessage(4111, LogLevel.Warning, "{Links} connections to lookup services did not end within {Limit}; stopping without them")]
    public static partial void LookupsNotLeft(this ILogger logger, int links, TimeSpan limit);
}
