using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>What the admin web logs; event ids 5000 to 5999.</summary>
internal static partial class AdminLog
{
    [LoggerMessage(5000, LogLevel.Information, "admin: {User} ({Remote}): {Action} {Object}: {Outcome}")]
    public static partial void Acted(this ILogger logger, string user, string remote, string action, string @object, string outcome);

    [LoggerMessage(5001, LogLevel.Information, "admin: {User} ({Remote}) logged in")]
    public static partial void LoggedIn(this ILogger logger, string user, string remote);

    [LoggerMessage(5002, LogLevel.Warning, "admin: {Remote} gave a wrong name or password")]
    public static partial void LoginRefused(this ILogger logger, string remote);

    [LoggerMessage(5003, LogLevel.Information, "admin: {User} ({Remote}) logged out")]
    public static partial void LoggedOut(this ILogger logger, string user, string remote);

    [LoggerMessage(5004, LogLevel.Information, "admin: {Path} was read again: {Users} users")]
    public static partial void PasswordsReloaded(this ILogger logger, string path, int users);

    [LoggerMessage(5005, LogLevel.Error, "admin: the users stay as they were: {Cause}")]
    public static partial void PasswordsNotReloaded(this ILogger logger, string cause);

    [LoggerMessage(5100, LogLevel.Warning, "admin: {Cause}")]
    public static partial void NodesFailed(this ILogger logger, string cause);

    [LoggerMessage(5101, LogLevel.Warning, "admin: {Endpoint} was not told of {Action}: {Cause}")]
    public static partial void NotificationFailed(this ILogger logger, string action, string endpoint, string cause);

    [LoggerMessage(5102, LogLevel.Warning, "admin: {Endpoint} is not told of {Action}: too many notifications wait for it")]
    public static partial void NotificationDropped(this ILogger logger, string action, string endpoint);

    [LoggerMessage(5103, LogLevel.Error, "admin: Graphite did not answer: {Cause}")]
    public static partial void GraphiteFailed(this ILogger logger, string cause);

    [LoggerMessage(5104, LogLevel.Warning, "admin: the figures could not be collected; trying again: {Cause}")]
    public static partial void SampleFailed(this ILogger logger, string cause);
}
