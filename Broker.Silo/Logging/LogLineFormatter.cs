using System.Globalization;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Broker.Silo.Logging;

/// <summary>Log lines as nsqd writes them: <c>[nsqd] 2025/01/27 10:15:00.000000 INFO: text</c>.</summary>
public sealed class LogLineFormatter(BrokerSettings settings, LogThrottle throttle, TimeProvider time) : ConsoleFormatter(FormatterName)
{
    /// <summary>Name that the console logger finds it by.</summary>
    public const string FormatterName = "nsq";

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> entry, IExternalScopeProvider? scopes, TextWriter writer)
    {
        // What the operator has to put right is said once, in one line, when the process ends; the host would log its stack too.
        if (entry.Exception is StartException || OrleansNoise.Has(entry)) return;
        if (!throttle.Admits(entry.Category, entry.EventId, entry.LogLevel, out long leftOut)) return;
        writer.Write(settings.LogPrefix);
        writer.Write(time.GetLocalNow().ToString("yyyy/MM/dd HH:mm:ss.ffffff ", CultureInfo.InvariantCulture));
        writer.Write(NameOf(entry.LogLevel));
        writer.Write(": ");
        writer.Write(entry.Formatter(entry.State, entry.Exception));
        // Where something was cancelled is where it waited, which tells nobody why.
        bool hasTrace = (entry.LogLevel >= LogLevel.Error && entry.Exception is not OperationCanceledException) || settings.LogLevel <= LogLevel.Debug;
        // What is warned of goes on by itself: one line tells it.
        if (entry.Exception is { } cause && !hasTrace) writer.Write($": {cause.GetType().Name}: {cause.Message.ReplaceLineEndings(" ")}");
        if (leftOut > 0) writer.Write(string.Create(CultureInfo.InvariantCulture, $" ({leftOut} more lines of this kind were left out before)"));
        writer.WriteLine();
        if (entry.Exception is not null && hasTrace) writer.WriteLine(entry.Exception);
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "DEBUG",
        LogLevel.Information => "INFO",
        LogLevel.Warning => "WARNING",
        LogLevel.Error => "ERROR",
        _ => "FATAL",
    };
}
