using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>Memory of a broker (spec 3.4).</summary>
public sealed class NodeMemory
{
    /// <summary>Bytes.</summary>
    [JsonPropertyName("heap_in_use_bytes")] public long HeapInUse { get; init; }

    /// <summary>Bytes.</summary>
    [JsonPropertyName("heap_idle_bytes")] public long HeapIdle { get; init; }

    /// <summary>Microseconds.</summary>
    [JsonPropertyName("gc_pause_usec_99")] public long GcPause99 { get; init; }

    [JsonPropertyName("gc_total_runs")] public long GcRuns { get; init; }
}
