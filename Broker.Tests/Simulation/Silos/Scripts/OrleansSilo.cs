using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.TestingHost;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>A genuine silo in this process, whose grains live under virtual time.</summary>
public sealed class OrleansSilo : IAsyncLifetime
{
    private readonly ScriptBook _book = new();
    private readonly VirtualTimeProvider _time = new();
    private readonly InProcessTestCluster _cluster;

    public OrleansSilo()
    {
        InProcessTestClusterBuilder builder = new(1);
        builder.Options.ConfigureFileLogging = false;
        builder.Options.InitializeClientOnDeploy = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(_book);
            silo.Services.AddSingleton<TimeProvider>(_time);
            silo.Services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
        });
        _cluster = builder.Build();
    }

    public async Task InitializeAsync() => await _cluster.DeployAsync();

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    /// <summary>A place in the silo for a script: whoever calls from there is in the process of the grains, as in a broker.</summary>
    public ScriptStage NewStage(string name) =>
        new OrleansStage(name, _cluster.Silos[0].ServiceProvider.GetRequiredService<IGrainFactory>(), _book, _time);
}
