namespace Broker.Storage;

/// <summary>Sums of <see cref="LogCount"/>.</summary>
internal static class LogCounts
{
    public static LogCount Plus(LogCount a, LogCount b) => new(a.Messages + b.Messages, a.Deferred + b.Deferred, a.Bytes + b.Bytes);

    public static LogCount Minus(LogCount a, LogCount b) => new(a.Messages - b.Messages, a.Deferred - b.Deferred, a.Bytes - b.Bytes);
}
