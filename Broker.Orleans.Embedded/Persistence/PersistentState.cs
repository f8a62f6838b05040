using Orleans.Core;

namespace Broker.Orleans.Embedded;

/// <summary>A state of a grain, whatever its type.</summary>
internal abstract class PersistentState : IStorage
{
    public abstract string? Etag { get; }

    public abstract bool RecordExists { get; }

    public abstract Task ClearStateAsync();

    public abstract Task WriteStateAsync();

    public abstract Task ReadStateAsync();
}
