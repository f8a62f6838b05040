using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Broker.Tests.Simulation;

/// <summary>A host of grains on one thread, under virtual time, in an order drawn from a seed.</summary>
public sealed class GrainSimulation : IDisposable
{
    private readonly ServiceProvider _services;

    public GrainSimulation(
        int seed,
        Action<IServiceCollection>? add = null,
        Action<EmbeddedGrainHostOptions>? configure = null,
        params Assembly[] grainAssemblies)
    {
        Scheduler = new SeededScheduler(seed, Time);
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<ITurnScheduler>(Scheduler);
        add?.Invoke(services);
        services.AddEmbeddedGrains(
            options =>
            {
                options.InlineTurns = false;
                configure?.Invoke(options);
            },
            grainAssemblies is [] ? [typeof(GrainSimulation).Assembly] : grainAssemblies);
        _services = services.BuildServiceProvider();
        Host = _services.GetRequiredService<EmbeddedGrainHost>();
        Grains = _services.GetRequiredService<IGrainFactory>();
    }

    public VirtualTimeProvider Time { get; } = new();

    public SeededScheduler Scheduler { get; }

    public EmbeddedGrainHost Host { get; }

    public IGrainFactory Grains { get; }

    public IServiceProvider Services => _services;

    public void Dispose() => _services.Dispose();
}
