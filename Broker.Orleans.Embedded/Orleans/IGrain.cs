using Orleans.Runtime;

namespace Orleans;

/// <summary>Marks an interface whose calls go to a grain.</summary>
public interface IGrain : IAddressable;
