using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>What this library logs.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Information, "connected to {Address}")]
    public static partial void Connected(ILogger logger, NsqAddress address);

    [LoggerMessage(2, LogLevel.Warning, "{Reason}; next attempt in {Delay}")]
    public static partial void Retrying(ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Warning, "{Address} answered: {Error}")]
    public static partial void ServerError(ILogger logger, NsqAddress address, string error);

    [LoggerMessage(4, LogLevel.Debug, "{Address} sent a frame of unknown type {Type}")]
    public static partial void UnknownFrame(ILogger logger, NsqAddress address, int type);

    [LoggerMessage(5, LogLevel.Error, "receiving from {Address} failed; the connection is closed and opened again. Report this with the lines below")]
    public static partial void ReadLoopFailed(ILogger logger, Exception exception, NsqAddress address);

    [LoggerMessage(6, LogLevel.Information, "{Address} does not offer {Compression}; continuing without it")]
    public static partial void CompressionRefused(ILogger logger, NsqAddress address, NsqCompression compression);

    [LoggerMessage(7, LogLevel.Warning, "the connection to {Address} ended: {Reason}")]
    public static partial void ConnectionLost(ILogger logger, NsqAddress address, string reason);

    [LoggerMessage(8, LogLevel.Warning, "lookup at {Address} failed: {Reason}")]
    public static partial void LookupFailed(ILogger logger, Uri address, string reason);

    [LoggerMessage(9, LogLevel.Error, "handling message {Id} failed, attempt {Attempts}")]
    public static partial void HandlerFailed(ILogger logger, Exception exception, string id, int attempts);

    [LoggerMessage(10, LogLevel.Error, "message {Id} is given up after {Attempts} attempts; it will not be delivered again")]
    public static partial void GivenUp(ILogger logger, string id, int attempts);

    [LoggerMessage(11, LogLevel.Warning, "backing off at level {Level} for {Delay}")]
    public static partial void BackingOff(ILogger logger, int level, TimeSpan delay);

    [LoggerMessage(12, LogLevel.Warning, "stopping without waiting longer for {Count} messages in flight")]
    public static partial void StoppedWithout(ILogger logger, int count);

    [LoggerMessage(13, LogLevel.Information, "messages are received again")]
    public static partial void BackedIn(ILogger logger);
}
