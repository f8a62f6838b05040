namespace Broker.Storage;

/// <summary>Messages in a range of a log.</summary>
/// <param name="Messages">Messages that are due at once.</param>
/// <param name="Deferred">Messages with a due time.</param>
/// <param name="Bytes">Body bytes of both.</param>
public readonly record struct LogCount(long Messages, long Deferred, long Bytes)
{
    /// <summary>Messages, those with a delay included.</summary>
    public long Total => Messages + Deferred;
}
