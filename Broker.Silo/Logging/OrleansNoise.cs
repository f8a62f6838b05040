using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Silo.Logging;

/// <summary>What Orleans warns of although nothing is wrong, and nobody who runs a broker could change it.</summary>
internal static class OrleansNoise
{
    // A broker shares its machine: the workstation collector is chosen for its memory.
    private static readonly string[] CollectorNotes = ["LogWarningSiloGcNotRunningWithServerGC", "LogWarningSiloGcMultiCoreSystem"];

    // Before a silo's first check, its watchdog counts from the start of the machine.
    private const string LateCheck = "LogWarningParticipantCheckThreadStalled";
    private const string Lateness = "TimeSinceLastTick";

    // A stop takes as long as its topics take; when that is too long, the broker says so itself.
    private const string LongStop = "LogObserverStopped";

    // At its end a silo makes no grain any more, whoever still calls one.
    private const string NotPlaced = "LogDispatcherSelectTargetFailed";
    private const string End = "is shutting down.";

    // The first line that is judged is of the start, minutes before a check could be late by as much.
    private static readonly long Begin = Stopwatch.GetTimestamp();

    /// <summary>Whether a line is to be left out.</summary>
    public static bool Has<TState>(in LogEntry<TState> entry) => entry.EventId.Name switch
    {
        LateCheck => entry.State is IReadOnlyList<KeyValuePair<string, object?>> fields && fields.Any(IsLongerThanThisProcessRuns),
        LongStop => true,
        NotPlaced => entry.Exception?.Message.EndsWith(End, StringComparison.Ordinal) == true,
        string name => entry.Category == "Orleans.Runtime.Silo" && CollectorNotes.Contains(name),
        null => false,
    };

    private static bool IsLongerThanThisProcessRuns(KeyValuePair<string, object?> field) =>
        field is { Key: Lateness, Value: TimeSpan time } && time > Stopwatch.GetElapsedTime(Begin);
}
