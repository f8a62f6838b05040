using Microsoft.Extensions.Logging;

namespace Broker.Storage.Postgres;

/// <summary>What the store tells an operator. Event ids 2200 to 2299.</summary>
internal sealed partial class PostgresLog(ILogger logger)
{
    /// <summary>Where it is told.</summary>
    public ILogger Logger => logger;

    [LoggerMessage(2200, LogLevel.Information, "PostgreSQL {Version} at {Address}, schema {Schema}, {Topics} topics")]
    public partial void Opened(string version, string address, string schema, long topics);

    [LoggerMessage(2201, LogLevel.Warning, "{Problem}; trying again for {Seconds} s")]
    public partial void Waiting(string problem, double seconds);

    [LoggerMessage(2202, LogLevel.Warning, "PostgreSQL runs with {Setting} = {Value}: {Consequence}")]
    public partial void Unsafe(string setting, string value, string consequence);

    [LoggerMessage(2203, LogLevel.Error, "{Problem}; see that the server runs, can be reached and has space")]
    public partial void Failed(string problem);

    [LoggerMessage(2211, LogLevel.Error, "{Problem}; until then nothing is read or written here")]
    public partial void SchemaLost(string problem);

    [LoggerMessage(2204, LogLevel.Information, "PostgreSQL can be reached again")]
    public partial void Reached();

    [LoggerMessage(2214, LogLevel.Information, "PostgreSQL takes writes again; {Count} had failed within {Seconds:0.0} s")]
    public partial void Written(long count, double seconds);

    [LoggerMessage(2205, LogLevel.Warning, "topic {Topic}: writing failed and is tried again: {Cause}")]
    public partial void AppendRetried(string topic, string cause);

    [LoggerMessage(2206, LogLevel.Error, "topic {Topic}: PostgreSQL has lost {Lost} offsets that it had committed; new ones start at {Next}. Was a standby promoted that was not synchronous?")]
    public partial void OffsetsLost(string topic, long lost, long next);

    [LoggerMessage(2207, LogLevel.Warning, "topic {Topic}: the batch at offset {Offset} is damaged and skipped")]
    public partial void DamagedBatch(string topic, long offset);

    [LoggerMessage(2208, LogLevel.Warning, "channel {Channel} of topic {Topic}: a part of its progress is damaged and skipped; some messages may be delivered again")]
    public partial void DamagedProgress(string topic, string channel);

    [LoggerMessage(2209, LogLevel.Warning, "not all rows of the deleted topic of generation {Generation} are removed; the next start removes the rest: {Cause}")]
    public partial void SweepFailed(int generation, string cause);

    [LoggerMessage(2212, LogLevel.Information, "topic {Topic} could not be marked as closed, so its offsets continue after the reserved ones: {Cause}")]
    public partial void NotClosed(string topic, string cause);

    [LoggerMessage(2213, LogLevel.Warning, "closing the store takes too long; stopping without it: {What}")]
    public partial void CloseAbandoned(string what);

    [LoggerMessage(2210, LogLevel.Warning, "the progress of channel {Channel} of topic {Topic} is not compacted now: {Cause}")]
    public partial void CompactionFailed(string topic, string channel, string cause);
}
