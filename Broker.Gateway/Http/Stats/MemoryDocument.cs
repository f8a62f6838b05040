using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Stats;

/// <summary>
/// The process's memory in <c>/stats</c>, under the names of Go's figures. Sizes in bytes, pauses in microseconds.
/// </summary>
public sealed class MemoryDocument
{
    /// <summary>Always 0: the .NET runtime does not count objects.</summary>
    [JsonPropertyName("heap_objects")] public long HeapObjects { get; init; }

    /// <summary>Taken from the system and not in use.</summary>
    [JsonPropertyName("heap_idle_bytes")] public required long HeapIdle { get; init; }

    /// <summary>What objects take, dead ones that are not collected yet included.</summary>
    [JsonPropertyName("heap_in_use_bytes")] public required long HeapInUse { get; init; }

    /// <summary>Always 0: the .NET runtime does not say what it has given back.</summary>
    [JsonPropertyName("heap_released_bytes")] public long HeapReleased { get; init; }

    [JsonPropertyName("gc_pause_usec_100")] public required long GcPause100 { get; init; }

    [JsonPropertyName("gc_pause_usec_99")] public required long GcPause99 { get; init; }

    [JsonPropertyName("gc_pause_usec_95")] public required long GcPause95 { get; init; }

    /// <summary>
    /// The heap at which the next collection is to be expected: as great as it was when the last one began. The runtime does not say what it has set itself.
    /// </summary>
    [JsonPropertyName("next_gc_bytes")] public required long NextGc { get; init; }

    [JsonPropertyName("gc_total_runs")] public required long GcRuns { get; init; }

    /// <summary>The figures as they are now.</summary>
    public static MemoryDocument Take()
    {
        long inUse = GC.GetTotalMemory(forceFullCollection: false);
        GCMemoryInfo last = GC.GetGCMemoryInfo(GCKind.Any);
        // The runtime remembers the pauses of the last collection of each kind only.
        long[] pauses =
        [
            .. ((GCKind[])[GCKind.Ephemeral, GCKind.FullBlocking, GCKind.Background])
                .SelectMany(static kind => GC.GetGCMemoryInfo(kind).PauseDurations.ToArray())
                .Select(static pause => (long)pause.TotalMicroseconds)
                .Order(),
        ];
        return new MemoryDocument
        {
            HeapIdle = Math.Max(0, last.TotalCommittedBytes - inUse),
            HeapInUse = inUse,
            GcPause100 = pauses[^1],
            GcPause99 = PercentileOf(pauses, 0.99),
            GcPause95 = PercentileOf(pauses, 0.95),
            NextGc = Math.Max(inUse, SizeBefore(last)),
            // Collections of an older generation are counted with the youngest too.
            GcRuns = GC.CollectionCount(0),
        };
    }

    private static long SizeBefore(in GCMemoryInfo collection)
    {
        long size = 0;
        foreach (GCGenerationInfo generation in collection.GenerationInfo) size += generation.SizeBeforeBytes;
        return size;
    }

    private static long PercentileOf(long[] ordered, double percentile) => ordered[(int)((ordered.Length - 1) * percentile)];
}
