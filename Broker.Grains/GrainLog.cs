using Microsoft.Extensions.Logging;

namespace Broker.Grains;

internal static partial class GrainLog
{
    [LoggerMessage(3001, LogLevel.Information, "topic {Topic}: created")]
    public static partial void TopicCreated(this ILogger log, string topic);

    [LoggerMessage(3002, LogLevel.Information, "topic {Topic}: deleted")]
    public static partial void TopicDeleted(this ILogger log, string topic);

    [LoggerMessage(3003, LogLevel.Information, "channel {Topic}:{Channel}: created, from offset {Start}")]
    public static partial void ChannelCreated(this ILogger log, string topic, string channel, long start);

    [LoggerMessage(3004, LogLevel.Information, "channel {Topic}:{Channel}: deleted")]
    public static partial void ChannelDeleted(this ILogger log, string topic, string channel);

    [LoggerMessage(3005, LogLevel.Error, "topic {Topic}: publishing failed; the next publish opens the log again; see that the disk or database is writable and has space: {Cause}")]
    public static partial void AppendFailed(this ILogger log, string topic, string cause);

    [LoggerMessage(3006, LogLevel.Error, "topic {Topic}: cannot be opened; the next use tries again; see that the disk or database can be read and written: {Cause}")]
    public static partial void TopicOpenFailed(this ILogger log, string topic, string cause);

    [LoggerMessage(3007, LogLevel.Warning, "channel {Topic}:{Channel}: did not accept messages from its topic; they are sent again shortly: {Cause}")]
    public static partial void OfferFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3008, LogLevel.Error, "channel {Topic}:{Channel}: cannot be opened; the next use tries again; see that the disk or database can be read and written: {Cause}")]
    public static partial void ChannelOpenFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3009, LogLevel.Error, "channel {Topic}:{Channel}: the log cannot be read; trying again shortly; see that the disk works: {Cause}")]
    public static partial void ReadFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3010, LogLevel.Error, "channel {Topic}:{Channel}: message at offset {Offset} can no longer be read from the log and is given up; check the disk, and publish the message again if you have it elsewhere")]
    public static partial void MessageLost(this ILogger log, string topic, string channel, long offset);

    [LoggerMessage(3011, LogLevel.Warning, "channel {Topic}:{Channel}: gateway {Gateway} does not answer and is considered dead; its {Consumers} consumers are dropped")]
    public static partial void GatewayLost(this ILogger log, string topic, string channel, string gateway, int consumers);

    [LoggerMessage(3012, LogLevel.Error, "channel {Topic}:{Channel}: progress cannot be written, so messages may be delivered again after a restart; see that the disk or database is writable and has space: {Cause}")]
    public static partial void ProgressFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3013, LogLevel.Warning, "topic {Topic}: trimming the log failed; trying again later: {Cause}")]
    public static partial void TrimFailed(this ILogger log, string topic, string cause);

    [LoggerMessage(3014, LogLevel.Warning, "directory: topic {Topic} could not be noted: {Cause}")]
    public static partial void DirectoryFailed(this ILogger log, string topic, string cause);

    [LoggerMessage(3015, LogLevel.Warning, "channel {Topic}:{Channel}: deleting it failed: {Cause}")]
    public static partial void ChannelDeleteFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3016, LogLevel.Information, "channel {Topic}:{Channel}: {Count} old messages were copied to the channel's own store, so that the log can be trimmed")]
    public static partial void StragglersKept(this ILogger log, string topic, string channel, int count);

    [LoggerMessage(3017, LogLevel.Warning, "channel {Topic}:{Channel}: the topic did not answer the channel's report: {Cause}")]
    public static partial void ReportFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3020, LogLevel.Warning, "channel {Topic}:{Channel}: was opened elsewhere; it is closed here, and its {Gateways} gateways switch to the other one")]
    public static partial void ChannelFenced(this ILogger log, string topic, string channel, int gateways);

    [LoggerMessage(3022, LogLevel.Warning, "topic {Topic}: was opened elsewhere; it is closed here, and the next request goes to the other one")]
    public static partial void TopicFenced(this ILogger log, string topic);

    [LoggerMessage(3023, LogLevel.Critical, "topic {Topic}: channel {Channel} was not handed all before offset {Offset}; the topic is opened anew, and the channel gets everything from {From} on out of the log, so nothing is lost by it. Please report this line")]
    public static partial void FeedLacks(this ILogger log, string topic, string channel, long offset, long from);

    [LoggerMessage(3024, LogLevel.Critical, "channel {Topic}:{Channel}: what the topic offers from {From} to {End} lacks {Count} messages, and the channel ends at {Known}; it is refused and offered again out of the log, so nothing is lost by it. Please report this line")]
    public static partial void OfferLacks(this ILogger log, string topic, string channel, long from, long end, long count, long known);

    [LoggerMessage(3025, LogLevel.Critical, "topic {Topic}: was opened under epoch {Epoch} of generation {Generation} after epoch {LastEpoch} of generation {LastGeneration}, though epochs only rise; this activation ends, and the next opens it anew. See that the store was not set back to an earlier state, and report this line")]
    public static partial void TopicEpochFell(this ILogger log, string topic, long epoch, int generation, long lastEpoch, int lastGeneration);

    [LoggerMessage(3026, LogLevel.Critical, "channel {Topic}:{Channel}: was opened under epoch {Epoch} after epoch {LastEpoch} of the same incarnation {Incarnation}, though epochs only rise; this activation ends, and the next opens it anew. See that the store was not set back to an earlier state, and report this line")]
    public static partial void ChannelEpochFell(this ILogger log, string topic, string channel, long epoch, long lastEpoch, long incarnation);

    [LoggerMessage(3027, LogLevel.Error, "channel {Topic}:{Channel}: messages that were given up cannot be moved among the dead letters, tried again shortly; see that the store can be written and has room: {Cause}")]
    public static partial void BurialFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3028, LogLevel.Error, "channel {Topic}:{Channel}: dead letters cannot be sent back, tried again shortly; see that the store can be read and written: {Cause}")]
    public static partial void RedriveFailed(this ILogger log, string topic, string channel, string cause);

    [LoggerMessage(3018, LogLevel.Error, "directory: the channels of topic {Topic} cannot be read, so they are not listed; restore its record from a backup or delete the topic: {Cause}")]
    public static partial void ChannelsUnreadable(this ILogger log, string topic, string cause);

    [LoggerMessage(3019, LogLevel.Information, "topic {Topic}: starts with the channels of other nodes: {Channels}")]
    public static partial void ChannelsTakenOver(this ILogger log, string topic, string channels);
}
