using System.Reflection;
using Broker.Tests.Simulation.Silos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;

namespace Broker.Tests.Simulation;

/// <summary>A silo of grains on one thread, under virtual time, in an order drawn from a seed.</summary>
public sealed class GrainSimulation : IDisposable
{
    private readonly ServiceProvider _services;

    public GrainSimulation(int seed, Action<IServiceCollection>? add = null, Func<SimulatedClusterOptions, SimulatedClusterOptions>? configure = null)
    {
        Scheduler = new SeededScheduler(seed, Time);
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        add?.Invoke(services);
        _services = services.BuildServiceProvider();
        SimulatedClusterOptions options = new() { GrainAssemblies = [Assembly.GetExecutingAssembly()] };
        Cluster = new SimulatedCluster(seed, Scheduler, Time, configure?.Invoke(options) ?? options);
        Silo = Cluster.AddSilo(_services);
    }

    public VirtualTimeProvider Time { get; } = new();

    public SeededScheduler Scheduler { get; }

    public SimulatedCluster Cluster { get; }

    public SimulatedSilo Silo { get; private set; }

    public IGrainFactory Grains => Silo.Grains;

    /// <summary>Kills the silo and starts the next.</summary>
    public void Crash()
    {
        Silo.Kill();
        Silo = Cluster.AddSilo(_services);
    }

    public void Dispose() => _services.Dispose();
}
