using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Broker.Orleans.Embedded;

internal sealed class PersistentState<TState>(string name, GrainId grainId, IGrainStorage storage)
    : PersistentState, IPersistentState<TState>
{
    private readonly GrainState<TState> _state = new(Empty());

    public TState State
    {
        get => _state.State!;
        set => _state.State = value;
    }

    public override string? Etag => _state.ETag;

    public override bool RecordExists => _state.RecordExists;

    public override async Task ReadStateAsync()
    {
        await storage.ReadStateAsync(name, grainId, _state);
        _state.State ??= Empty();
    }

    public override Task WriteStateAsync() => storage.WriteStateAsync(name, grainId, _state);

    public override async Task ClearStateAsync()
    {
        await storage.ClearStateAsync(name, grainId, _state);
        _state.State = Empty();
    }

    private static TState? Empty() =>
        typeof(TState).IsValueType || typeof(TState).GetConstructor(Type.EmptyTypes) is null
            ? default
            : Activator.CreateInstance<TState>();
}
