using System.Globalization;
using Broker.Admin;
using Broker.Events;
using Broker.Grains.Topics;
using Broker.Health;
using Broker.Orleans.Embedded;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Silo.Engine;

/// <summary>Runs the grains in this process. With another engine the project file includes that engine's folder in place of this one.</summary>
public static class EmbeddedEngine
{
    /// <summary>What the start banner calls it.</summary>
    public const string Name = "Embedded";

    /// <summary>Whether it knows clusters: silos in several processes, and gateways by themselves.</summary>
    public static bool IsClustered => false;

    /// <summary>Fits the settings to the engine, before anything is made of them.</summary>
    public static void Adapt(BrokerSettings settings)
    {
        // One process is all there is: the store is its own.
    }

    /// <summary>Makes the tables that the engine needs in the database of the messages, or brings them up to date: none.</summary>
    public static Task PrepareDatabaseAsync(BrokerSettings settings, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Registers what a gateway by itself finds grains by.</summary>
    /// <exception cref="StartException">There is no such thing.</exception>
    public static void AddClientTo(WebApplicationBuilder builder, BrokerSettings settings) =>
        throw new StartException("a gateway by itself comes with the Orleans engine (dotnet build -p:GrainEngine=Orleans)");

    /// <summary>The grains that are in memory, as the admin web's cluster page tells them.</summary>
    public static ValueTask<IReadOnlyList<ClusterPart>> DescribeAsync(IServiceProvider services, CancellationToken cancellation)
    {
        EmbeddedGrainHost host = services.GetRequiredService<EmbeddedGrainHost>();
        return new([new ClusterPart("Grains", "activations in this process", host.ActivationCount.ToString(CultureInfo.InvariantCulture))]);
    }

    /// <summary>Registers the grain host and the grains.</summary>
    public static void AddTo(WebApplicationBuilder builder, BrokerSettings settings)
    {
        builder.Services.AddEmbeddedGrains(
            options =>
            {
                // The counts that tools read live in the activations, and what is idle costs little.
                options.CollectionAge = TimeSpan.FromDays(3650);
            },
            typeof(TopicGrain).Assembly);
        builder.Services.AddEmbeddedStreams(EventStream.Provider);
        builder.Services.AddSingleton<IReadinessCheck, EngineCheck>();
    }

    /// <summary>Whether this node is part of its cluster: of one node, as long as that runs.</summary>
    private sealed class EngineCheck(EmbeddedGrainHost host) : IReadinessCheck
    {
        public string Name => "cluster";

        public ValueTask<string?> CheckAsync(CancellationToken cancellation) =>
            new(host.IsStopping ? "the grain host is stopping" : null);
    }
}
