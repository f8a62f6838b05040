using Microsoft.Extensions.DependencyInjection;
using Orleans.Streams;

namespace Orleans;

/// <summary>Finds stream providers from within a grain.</summary>
public static class GrainStreamingExtensions
{
    /// <summary>The stream provider of this name.</summary>
    /// <exception cref="KeyNotFoundException">None was added by this name.</exception>
    public static IStreamProvider GetStreamProvider(this Grain grain, string name)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain.ServiceProvider.GetKeyedService<IStreamProvider>(name) ?? throw new KeyNotFoundException($"Stream provider '{name}' not found");
    }
}
