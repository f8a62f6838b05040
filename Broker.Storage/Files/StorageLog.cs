using Microsoft.Extensions.Logging;

namespace Broker.Storage.Files;

/// <summary>What the store tells an operator. Event ids 2000 to 2999.</summary>
internal sealed partial class StorageLog(ILogger logger)
{
    /// <summary>Where it is told.</summary>
    public ILogger Logger => logger;

    [LoggerMessage(2000, LogLevel.Information, "data path {Path} opened, {Topics} topics")]
    public partial void Opened(string path, int topics);

    [LoggerMessage(2001, LogLevel.Warning, "topic {Topic}: offsets continue at {Next}, {Skipped} after the last message, because the topic was not closed cleanly")]
    public partial void OffsetsJumped(string topic, long next, long skipped);

    [LoggerMessage(2002, LogLevel.Warning, "{Path}: {Bytes} bytes at {Position} are damaged and skipped")]
    public partial void DamagedBytes(string path, long position, long bytes);

    [LoggerMessage(2003, LogLevel.Warning, "{Path}: the last {Bytes} bytes, from {Position} on, are torn; they were cut off and set aside in {Torn}")]
    public partial void TornBytesCut(string path, long position, long bytes, string torn);

    [LoggerMessage(2004, LogLevel.Warning, "{Path}: the last {Bytes} bytes, from {Position} on, are torn; they stay in place, because they cannot be copied: {Cause}")]
    public partial void TornBytesStay(string path, long position, long bytes, string cause);

    [LoggerMessage(2005, LogLevel.Warning, "{Path}: the first bytes are damaged; the rest is read")]
    public partial void DamagedSegmentHeader(string path);

    [LoggerMessage(2006, LogLevel.Warning, "{Problem}; the segment is read instead")]
    public partial void IndexUnusable(string problem);

    [LoggerMessage(2007, LogLevel.Warning, "{Path} is damaged; offsets continue at {Next}")]
    public partial void ReservationDamaged(string path, long next);

    [LoggerMessage(2008, LogLevel.Error, "{Problem}; see that the disk works, is writable and has space")]
    public partial void Failed(string problem);

    [LoggerMessage(2009, LogLevel.Warning, "{Path} has no topic record, so it is not a topic; moved to {Aside}")]
    public partial void MovedAside(string path, string aside);

    [LoggerMessage(2010, LogLevel.Warning, "{Path}: the last {Bytes} bytes, from {Position} on, are torn and were cut off")]
    public partial void JournalCut(string path, long position, long bytes);

    [LoggerMessage(2011, LogLevel.Warning, "{Path}: {Bytes} bytes at {Position} are damaged and skipped; some messages may be delivered again")]
    public partial void JournalDamaged(string path, long position, long bytes);

    [LoggerMessage(2012, LogLevel.Information, "{Path} is not a topic's folder and is left alone")]
    public partial void UnknownFolder(string path);

    [LoggerMessage(2013, LogLevel.Error, "{Problem}; trying again. See that the disk works and has space")]
    public partial void SyncFailed(string problem);

    [LoggerMessage(2100, LogLevel.Warning, "imported {Topics} topics, {Channels} channels and {Messages} messages from nsqd; its files are now in {Folder}")]
    public partial void NsqdTakenOver(int topics, int channels, long messages, string folder);

    [LoggerMessage(2101, LogLevel.Warning, "{Path}: {Bytes} bytes at {Position} are damaged and not imported")]
    public partial void NsqdFileDamaged(string path, long position, long bytes);

    [LoggerMessage(2102, LogLevel.Warning, "{Path} does not belong to nsqd's queues and is not imported")]
    public partial void NsqdFileUnknown(string path);

    [LoggerMessage(2103, LogLevel.Warning, "{Path} is missing or damaged: the queue is imported from its beginning, so messages may be delivered again")]
    public partial void NsqdPositionUnknown(string path);

    [LoggerMessage(2104, LogLevel.Warning, "{Path} is missing: topics and channels are known only by their queues")]
    public partial void NsqdListMissing(string path);

    [LoggerMessage(2105, LogLevel.Error, "{Path} is damaged, topics and channels are known only by their queues: {Cause}")]
    public partial void NsqdListDamaged(string path, string cause);

    [LoggerMessage(2106, LogLevel.Warning, "skipping topic or channel with the invalid name '{Name}'")]
    public partial void NsqdNameInvalid(string name);

    [LoggerMessage(2107, LogLevel.Warning, "topic {Topic} is not in nsqd's list, but has files: imported")]
    public partial void NsqdTopicUnlisted(string topic);
}
