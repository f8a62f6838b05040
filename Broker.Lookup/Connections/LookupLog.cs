using System.Net;
using Microsoft.Extensions.Logging;

namespace Broker.Lookup.Connections;

/// <summary>What the lookup service logs; event ids 4000 to 4099.</summary>
internal static partial class LookupLog
{
    [LoggerMessage(4000, LogLevel.Information, "lookup: {Remote}: node {Broadcast} tcp {Tcp} http {Http} version {Version}")]
    public static partial void NodeCame(this ILogger logger, string remote, string? broadcast, long? tcp, long? http, string? version);

    [LoggerMessage(4001, LogLevel.Information, "lookup: {Remote}: node {Broadcast} disconnected")]
    public static partial void NodeWent(this ILogger logger, string remote, string? broadcast);

    [LoggerMessage(4002, LogLevel.Warning, "lookup: {Remote}: refused: {Error}")]
    public static partial void LookupRefused(this ILogger logger, string remote, string error);

    [LoggerMessage(4003, LogLevel.Debug, "lookup: {Remote}: {Command} {Topic} {Channel}")]
    public static partial void Registered(this ILogger logger, string remote, string command, string topic, string? channel);

    [LoggerMessage(4004, LogLevel.Debug, "lookup: {Remote}: connection lost")]
    public static partial void ConnectionLost(this ILogger logger, Exception exception, string remote);
}
