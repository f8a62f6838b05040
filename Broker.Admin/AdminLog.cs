using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>What the admin web logs; event ids 7000 to 7999.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(7000, LogLevel.Information, "admin: {User} ({Remote}): {Action} {Object}: {Outcome}")]
    public static partial void Acted(this ILogger logger, string user, string remote, string action, string @object, string outcome);

    [LoggerMessage(7001, LogLevel.Information, "admin: {User} ({Remote}) logged in")]
    public static partial void LoggedIn(this ILogger logger, string user, string remote);

    [LoggerMessage(7002, LogLevel.Warning, "admin: {Remote} gave a wrong name or password")]
    public static partial void LoginRefused(this ILogger logger, string remote);

    [LoggerMessage(7003, LogLevel.Information, "admin: {User} ({Remote}) logged out")]
    public static partial void LoggedOut(this ILogger logger, string user, string remote);

    [LoggerMessage(7004, LogLevel.Information, "admin: {Path} was read again: {Users} users")]
    public static partial void PasswordsReloaded(this ILogger logger, string path, int users);

    [LoggerMessage(7005, LogLevel.Error, "admin: {Path} cannot be used; the users stay as they were: {Cause}")]
    public static partial void PasswordsNotReloaded(this ILogger logger, string path, string cause);

    [LoggerMessage(7100, LogLevel.Warning, "admin: {Cause}")]
    public static partial void NodesFailed(this ILogger logger, string cause);

    [LoggerMessage(7101, LogLevel.Warning, "admin: {Endpoint} was not told of {Action}: {Cause}")]
    public static partial void NotificationFailed(this ILogger logger, string action, string endpoint, string cause);

    [LoggerMessage(7102, LogLevel.Warning, "admin: {Endpoint} is not told of {Action}: too many notifications are waiting")]
    public static partial void NotificationDropped(this ILogger logger, string action, string endpoint);

    [LoggerMessage(7103, LogLevel.Error, "admin: Graphite at {Address} did not answer; see that it runs and that --graphite-url is right: {Cause}")]
    public static partial void GraphiteFailed(this ILogger logger, string address, string cause);

    [LoggerMessage(7104, LogLevel.Warning, "admin: the figures could not be collected; trying again: {Cause}")]
    public static partial void SampleFailed(this ILogger logger, string cause);
}
