using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Lookup;

/// <summary>What the lookup service and those who register with one log; event ids 3000 to 3999.</summary>
internal static partial class LookupLog
{
    [LoggerMessage(3000, LogLevel.Information, "lookup: {Remote}: node {Broadcast} tcp {Tcp} http {Http} version {Version}")]
    public static partial void NodeCame(this ILogger logger, string remote, string? broadcast, long? tcp, long? http, string? version);

    [LoggerMessage(3001, LogLevel.Information, "lookup: {Remote}: node {Broadcast} disconnected")]
    public static partial void NodeWent(this ILogger logger, string remote, string? broadcast);

    [LoggerMessage(3002, LogLevel.Warning, "lookup: {Remote}: refused: {Error}")]
    public static partial void LookupRefused(this ILogger logger, string remote, string error);

    [LoggerMessage(3003, LogLevel.Debug, "lookup: {Remote}: {Command} {Topic} {Channel}")]
    public static partial void Registered(this ILogger logger, string remote, string command, string topic, string? channel);

    [LoggerMessage(3004, LogLevel.Error, "lookup: {Method} {Path} failed")]
    public static partial void LookupRequestFailed(this ILogger logger, Exception exception, string method, string path);
}
