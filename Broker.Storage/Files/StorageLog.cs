using Microsoft.Extensions.Logging;

namespace Broker.Storage.Files;

/// <summary>What the store tells an operator. Event ids 2000 to 2999.</summary>
internal sealed partial class StorageLog(ILogger logger)
{
    [LoggerMessage(2000, LogLevel.Information, "data path {Path} opened, {Topics} topics")]
    public partial void Opened(string path, int topics);

    [LoggerMessage(2001, LogLevel.Warning, "topic {Topic}: offsets go on at {Next}, {Skipped} after the last message, because it was not closed cleanly")]
    public partial void OffsetsJumped(string topic, long next, long skipped);

    [LoggerMessage(2002, LogLevel.Warning, "{Path}: {Bytes} bytes at {Position} are damaged and skipped")]
    public partial void DamagedBytes(string path, long position, long bytes);

    [LoggerMessage(2003, LogLevel.Warning, "{Path}: the last {Bytes} bytes, from {Position} on, are torn; they were cut off and put aside in {Torn}")]
    public partial void TornBytesCut(string path, long position, long bytes, string torn);

    [LoggerMessage(2004, LogLevel.Warning, "{Path}: the last {Bytes} bytes, from {Position} on, are torn and stay where they are, because they cannot be copied: {Cause}")]
    public partial void TornBytesStay(string path, long position, long bytes, string cause);

    [LoggerMessage(2005, LogLevel.Warning, "{Path}: the first bytes are damaged; what follows is read nevertheless")]
    public partial void DamagedSegmentHeader(string path);

    [LoggerMessage(2006, LogLevel.Warning, "{Problem}; the segment is read instead")]
    public partial void IndexUnusable(string problem);

    [LoggerMessage(2007, LogLevel.Warning, "{Path} is damaged; offsets go on at {Next}")]
    public partial void ReservationDamaged(string path, long next);

    [LoggerMessage(2008, LogLevel.Error, "{Problem}")]
    public partial void Failed(string problem);

    [LoggerMessage(2009, LogLevel.Warning, "{Path} is no topic: it has no record; moved to {Aside}")]
    public partial void MovedAside(string path, string aside);

    [LoggerMessage(2010, LogLevel.Warning, "{Path}: the last {Bytes} bytes, from {Position} on, are torn and were cut off")]
    public partial void JournalCut(string path, long position, long bytes);

    [LoggerMessage(2011, LogLevel.Warning, "{Path}: {Bytes} bytes at {Position} are damaged and skipped; some messages may be delivered again")]
    public partial void JournalDamaged(string path, long position, long bytes);

    [LoggerMessage(2012, LogLevel.Information, "{Path} is not a topic's folder and is left alone")]
    public partial void UnknownFolder(string path);

    [LoggerMessage(2013, LogLevel.Error, "{Problem}; tried again")]
    public partial void SyncFailed(string problem);
}
