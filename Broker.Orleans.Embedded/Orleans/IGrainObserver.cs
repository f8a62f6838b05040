using Orleans.Runtime;

namespace Orleans;

/// <summary>Marks an interface by which grains call objects that are not grains.</summary>
public interface IGrainObserver : IAddressable;
