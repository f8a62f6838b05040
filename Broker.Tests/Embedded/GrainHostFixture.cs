using Broker.Orleans.Embedded;
using Broker.Tests.Simulation;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Broker.Tests.Embedded;

/// <summary>An embedded host on the thread pool, under a clock that the test moves.</summary>
public sealed class GrainHostFixture : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public GrainHostFixture(Action<EmbeddedGrainHostOptions>? configure = null, Action<IServiceCollection>? add = null)
    {
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton(Journal);
        add?.Invoke(services);
        services.AddEmbeddedGrains(configure, typeof(GrainHostFixture).Assembly);
        _services = services.BuildServiceProvider();
        Host = _services.GetRequiredService<EmbeddedGrainHost>();
        Grains = _services.GetRequiredService<IGrainFactory>();
    }

    public VirtualTimeProvider Time { get; } = new();

    public GrainJournal Journal { get; } = new();

    public EmbeddedGrainHost Host { get; }

    public IGrainFactory Grains { get; }

    public IServiceProvider Services => _services;

    /// <summary>A test that takes longer than this waits for something that never comes.</summary>
    public static TimeSpan Patience => TimeSpan.FromSeconds(30);

    // Two grains implement the interface; the plain one is meant.
    public IScriptGrain Script(string key = "a") =>
        Grains.GetGrain<IScriptGrain>(key, typeof(ScriptGrain).FullName);

    public IReentrantScriptGrain Reentrant(string key = "a") => Grains.GetGrain<IReentrantScriptGrain>(key);

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
