using System.Diagnostics.Metrics;
using System.Reflection;
using Broker.Orleans.Embedded;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;
using Orleans.Streams;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the embedded grain host to a container.</summary>
public static class EmbeddedGrainServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IGrainFactory"/>, <see cref="IClusterClient"/> and the <see cref="EmbeddedGrainHost"/>, which
    /// stops with the process. <see cref="ITurnScheduler"/> and <see cref="TimeProvider"/> are taken from the container
    /// if they are there.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets options; null for the defaults.</param>
    /// <param name="grainAssemblies">Where the grain classes are.</param>
    public static IServiceCollection AddEmbeddedGrains(
        this IServiceCollection services,
        Action<EmbeddedGrainHostOptions>? configure,
        params Assembly[] grainAssemblies)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ITurnScheduler, ThreadPoolTurnScheduler>();
        services.TryAddSingleton(provider =>
        {
            EmbeddedGrainHostOptions options = new();
            configure?.Invoke(options);
            EmbeddedGrainHost host = new(
                provider,
                options,
                provider.GetRequiredService<ITurnScheduler>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetService<ILogger<EmbeddedGrainHost>>() ?? NullLogger<EmbeddedGrainHost>.Instance,
                grainAssemblies);
            if (provider.GetService<IMeterFactory>() is { } meters)
            {
                GrainHostMeter.Create(host, meters);
            }
            return host;
        });
        services.TryAddSingleton<IClusterClient>(provider => new EmbeddedGrainFactory(provider.GetRequiredService<EmbeddedGrainHost>()));
        services.TryAddSingleton<IGrainFactory>(provider => provider.GetRequiredService<IClusterClient>());
        services.TryAddScoped<IGrainContext>(_ => RuntimeContext.Current
            ?? throw new InvalidOperationException("No current grain context available."));
        services.AddHostedService(provider => provider.GetRequiredService<EmbeddedGrainHost>());
        return services;
    }

    /// <summary>Adds streams within this process.</summary>
    /// <param name="services">The container; it has the grain host.</param>
    /// <param name="name">By which name <c>GetStreamProvider</c> finds them.</param>
    public static IServiceCollection AddEmbeddedStreams(this IServiceCollection services, string name)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddKeyedSingleton<IStreamProvider>(
            name,
            (provider, _) => new EmbeddedStreamProvider(name, provider.GetRequiredService<EmbeddedGrainHost>(), provider.GetRequiredService<IGrainFactory>()));
        return services;
    }

    /// <summary>Adds storage for grain state that lives as long as the process.</summary>
    /// <param name="services">The container.</param>
    /// <param name="name">By which name <see cref="PersistentStateAttribute"/> asks for it.</param>
    public static IServiceCollection AddMemoryGrainStorage(this IServiceCollection services, string name = "Default")
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddKeyedSingleton<IGrainStorage, MemoryGrainStorage>(name);
        return services;
    }
}
