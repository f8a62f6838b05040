using System.Reflection;
using Broker.Orleans.Embedded;
using Broker.Silo.Settings;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Engine;

/// <summary>What tests know of the engine.</summary>
internal static class TestEngine
{
    /// <summary>Assemblies of the engine that are ours.</summary>
    public static IReadOnlyList<Assembly> Assemblies => [typeof(EmbeddedGrainHost).Assembly];

    /// <summary>Whether it has metrics of its own in <c>/metrics</c>.</summary>
    public static bool CountsGrains => true;

    /// <summary>What it takes of the memory of an idle process beyond the least that a broker needs, in bytes.</summary>
    public static long HostBytes => 0;

    /// <summary>Lets brokers of several tests run beside each other.</summary>
    public static void Configure(ClusterSettings cluster)
    {
        // They share nothing.
    }

    /// <summary>The same as flags of the executable.</summary>
    public static IReadOnlyList<string> Flags() => [];

    /// <summary>Grains in memory.</summary>
    public static Task<int> CountActivationsAsync(IServiceProvider services) =>
        Task.FromResult(services.GetRequiredService<EmbeddedGrainHost>().ActivationCount);
}
