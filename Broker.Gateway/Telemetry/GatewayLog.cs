using Broker.Protocol;
using Broker.Serving.Limits;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Broker.Gateway.Telemetry;

/// <summary>What the gateway logs; event ids 1000 to 1999. Nothing is logged per message.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(1000, LogLevel.Information, "Gateway {Gateway} stopping with {Connections} connections open")]
    public static partial void Stopping(this ILogger logger, string gateway, int connections);

    [LoggerMessage(1001, LogLevel.Error, "A timeout of {Owner} failed; the others go on. Report this with the lines below")]
    public static partial void TimeoutFailed(this ILogger logger, Exception exception, string owner);

    [LoggerMessage(1002, LogLevel.Warning, "The gateway stopped before all publishes were answered")]
    public static partial void StoppedUndrained(this ILogger logger);

    [LoggerMessage(1003, LogLevel.Information, "{Connections} connections did not end within {Limit} and are closed; the first is {Remote}")]
    public static partial void ConnectionsCutOff(this ILogger logger, int connections, TimeSpan limit, string remote);

    // As nsqd says it: scripts look for these words.
    [LoggerMessage(1100, LogLevel.Information, "TCP: new client({Remote})")]
    public static partial void Connected(this ILogger logger, string remote);

    [LoggerMessage(1101, LogLevel.Information, "client({Remote}): disconnected")]
    public static partial void Disconnected(this ILogger logger, string remote);

    [LoggerMessage(1106, LogLevel.Information, "client({Remote}): IDENTIFY {Client} on {Host} with {UserAgent}")]
    public static partial void Identified(this ILogger logger, string remote, string client, string host, string userAgent);

    [LoggerMessage(1102, LogLevel.Warning, "client({Remote}): refused: {Error}")]
    public static partial void Refused(this ILogger logger, string remote, ProtocolError error);

    [LoggerMessage(1103, LogLevel.Debug, "{Remote}: connection lost")]
    public static partial void ConnectionLost(this ILogger logger, Exception exception, string remote);

    [LoggerMessage(1104, LogLevel.Error, "{Remote}: the connection to {Client} (topic '{Topic}', channel '{Channel}') failed and is closed; the client may connect again. Report this with the lines below")]
    public static partial void ConnectionFailed(
        this ILogger logger, Exception exception, string remote, string client, string topic, string channel);

    [LoggerMessage(1105, LogLevel.Debug, "{Remote}: closed: it read too slowly")]
    public static partial void WriteTimedOut(this ILogger logger, string remote);

    [LoggerMessage(1107, LogLevel.Critical, "{Remote}: of the {Received} bytes that channel '{Channel}' of topic '{Topic}' has sent to {Client}, {Excess} more have left than came, with a window of {Window}; the connection is closed, and the client may connect again. Please report this line")]
    public static partial void WindowOverdrawn(
        this ILogger logger, string remote, string client, string topic, string channel, long window, long received, long excess);

    [LoggerMessage(1200, LogLevel.Warning, "topic {Topic}: publish {Sequence} got no answer and is sent again: {Reason}")]
    private static partial void PublishRetried(this ILogger logger, Exception? exception, string topic, long sequence, string reason);

    /// <inheritdoc cref="DetailsOf"/>
    public static void PublishRetried(this ILogger logger, Exception exception, string topic, long sequence) =>
        logger.PublishRetried(DetailsOf(exception), topic, sequence, ReasonOf(exception));

    [LoggerMessage(1201, LogLevel.Error, "Topic {Topic}: publish {Sequence} got no answer and is given up; its clients were told and should publish again")]
    public static partial void PublishGivenUp(this ILogger logger, Exception exception, string topic, long sequence);

    [LoggerMessage(1202, LogLevel.Warning, "topic {Topic}: could not be created")]
    public static partial void CreateTopicFailed(this ILogger logger, Exception exception, string topic);

    [LoggerMessage(1300, LogLevel.Warning, "channel {Channel}: commands {Sequence} got no answer and are sent again: {Reason}")]
    private static partial void CommandsRetried(this ILogger logger, Exception? exception, string channel, long sequence, string reason);

    /// <inheritdoc cref="DetailsOf"/>
    public static void CommandsRetried(this ILogger logger, Exception exception, string channel, long sequence) =>
        logger.CommandsRetried(DetailsOf(exception), channel, sequence, ReasonOf(exception));

    [LoggerMessage(1301, LogLevel.Information, "channel {Channel} was opened again, here or on another silo: {Consumers} of this gateway joined it again")]
    public static partial void AttachedAgain(this ILogger logger, string channel, string consumers);

    [LoggerMessage(1302, LogLevel.Warning, "channel {Channel}: joining got no answer and is tried again: {Reason}")]
    private static partial void AttachRetried(this ILogger logger, Exception? exception, string channel, string reason);

    /// <inheritdoc cref="DetailsOf"/>
    public static void AttachRetried(this ILogger logger, Exception exception, string channel) =>
        logger.AttachRetried(DetailsOf(exception), channel, ReasonOf(exception));

    [LoggerMessage(1303, LogLevel.Warning, "channel {Channel}: could not be created and is tried again: {Reason}")]
    private static partial void CreateChannelRetried(this ILogger logger, Exception? exception, string channel, string reason);

    /// <inheritdoc cref="DetailsOf"/>
    public static void CreateChannelRetried(this ILogger logger, Exception exception, string channel) =>
        logger.CreateChannelRetried(DetailsOf(exception), channel, ReasonOf(exception));

    [LoggerMessage(1500, LogLevel.Information, "Certificate {File} was read again; it is good until {NotAfter:O}")]
    public static partial void CertificateReloaded(this ILogger logger, string file, DateTime notAfter);

    [LoggerMessage(1501, LogLevel.Error, "The changed certificate {File} cannot be used; the previous one stays in use until the file is corrected")]
    public static partial void CertificateNotReloaded(this ILogger logger, Exception exception, string file);

    [LoggerMessage(1502, LogLevel.Debug, "{Remote}: TLS or compression failed")]
    public static partial void UpgradeFailed(this ILogger logger, Exception exception, string remote);

    [LoggerMessage(1510, LogLevel.Warning, "auth server {Server}: no usable answer: {Cause}")]
    public static partial void AuthServerFailed(this ILogger logger, string server, string cause);

    [LoggerMessage(1511, LogLevel.Debug, "{Remote}: no user has this name and secret")]
    public static partial void LoginRefused(this ILogger logger, string remote);

    [LoggerMessage(1512, LogLevel.Information, "The users in {File} were read again; there are {Users}")]
    public static partial void UsersReloaded(this ILogger logger, string file, int users);

    [LoggerMessage(1513, LogLevel.Error, "The changed file of users {File} cannot be used; the previous users stay valid until it is corrected")]
    public static partial void UsersNotReloaded(this ILogger logger, Exception exception, string file);

    [LoggerMessage(1600, LogLevel.Warning, "statsd daemon {Address}: a report was not sent; the next one comes as usual. Check --statsd-address: {Cause}")]
    public static partial void StatsdFailed(this ILogger logger, string address, string cause);

    [LoggerMessage(1601, LogLevel.Debug, "statsd daemon {Address}: no more reports")]
    public static partial void StatsdStopped(this ILogger logger, string address);

    [LoggerMessage(1610, LogLevel.Warning, "Not ready for clients: {Check}: {Cause}")]
    public static partial void NotReady(this ILogger logger, string check, string cause);

    [LoggerMessage(1611, LogLevel.Information, "Gateway {Gateway} is not ready any more; connections are closed in {Delay}")]
    public static partial void Draining(this ILogger logger, string gateway, TimeSpan delay);

    // Orleans puts traces of what is inside into its messages.
    private static string ReasonOf(Exception exception) => exception switch
    {
        TimeoutException => "it took too long",
        OrleansException => exception.Message.Split('\n', 2)[0].Split(": Orleans.", 2)[0].TrimEnd(),
        _ => exception.Message,
    };

    /// <summary>What a grain answers that has moved, or whose silo is gone, fits a line and passes; of anything else all is told.</summary>
    private static Exception? DetailsOf(Exception exception) => exception is TimeoutException or OrleansException ? null : exception;
}
