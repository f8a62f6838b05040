using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Broker.Orleans.Embedded;

/// <summary>
/// Keeps grain state in memory, as JSON, so that a grain shares no object with what is stored. It outlives the
/// activations, not the process.
/// </summary>
public sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string State, GrainId Grain), Record> _records = new();

    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (_records.TryGetValue((stateName, grainId), out Record? record))
        {
            grainState.State = JsonSerializer.Deserialize<T>(record.Json);
            grainState.ETag = record.Etag;
            grainState.RecordExists = true;
        }
        else
        {
            grainState.State = default;
            grainState.ETag = null;
            grainState.RecordExists = false;
        }
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        _records.TryGetValue((stateName, grainId), out Record? stored);
        Record next = new(JsonSerializer.SerializeToUtf8Bytes(grainState.State), (stored?.Version ?? 0) + 1);
        bool written = stored?.Etag == grainState.ETag && (stored is null
            ? _records.TryAdd((stateName, grainId), next)
            : _records.TryUpdate((stateName, grainId), next, stored));
        if (!written)
        {
            return Task.FromException(Inconsistent(stateName, grainId, stored, grainState.ETag));
        }
        grainState.ETag = next.Etag;
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        _records.TryGetValue((stateName, grainId), out Record? stored);
        bool cleared = stored?.Etag == grainState.ETag
            && (stored is null || _records.TryRemove(KeyValuePair.Create((stateName, grainId), stored)));
        if (!cleared)
        {
            return Task.FromException(Inconsistent(stateName, grainId, stored, grainState.ETag));
        }
        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private static InconsistentStateException Inconsistent(string stateName, GrainId grainId, Record? stored, string? known) =>
        new($"The state '{stateName}' of {grainId} was changed by somebody else.", stored?.Etag, known);

    // Compared by identity: the version alone would not tell a record from one that was written after a removal.
    private sealed class Record(byte[] json, long version)
    {
        public byte[] Json => json;

        public long Version => version;

        public string Etag { get; } = version.ToString(CultureInfo.InvariantCulture);
    }
}
