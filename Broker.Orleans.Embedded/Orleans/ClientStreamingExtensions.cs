using Microsoft.Extensions.DependencyInjection;
using Orleans.Streams;

namespace Orleans;

/// <summary>Finds stream providers from outside of grains.</summary>
public static class ClientStreamingExtensions
{
    /// <summary>The stream provider of this name.</summary>
    /// <exception cref="KeyNotFoundException">None was added by this name.</exception>
    public static IStreamProvider GetStreamProvider(this IClusterClient client, string name)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ServiceProvider.GetKeyedService<IStreamProvider>(name) ?? throw new KeyNotFoundException($"Stream provider '{name}' not found");
    }
}
