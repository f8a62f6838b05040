using Orleans.Core;

namespace Orleans.Runtime;

/// <summary>A grain's state that outlives its activation; read before <see cref="IGrainBase.OnActivateAsync"/>.</summary>
public interface IPersistentState<TState> : IStorage<TState>;
