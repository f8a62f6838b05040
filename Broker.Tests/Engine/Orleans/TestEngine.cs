using System.Reflection;
using Broker.Silo.Settings;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Broker.Tests.Engine;

/// <summary>What tests know of the engine.</summary>
internal static class TestEngine
{
    // A silo has no port 0. What is found is kept from other test processes too, until this one ends.
    private static readonly TestClusterPortAllocator Ports = new();

    /// <summary>Assemblies of the engine that are ours.</summary>
    public static IReadOnlyList<Assembly> Assemblies => [];

    /// <summary>Whether it has metrics of its own in <c>/metrics</c>.</summary>
    public static bool CountsGrains => false;

    /// <summary>What it takes of the memory of an idle process beyond the least that a broker needs, in bytes.</summary>
    public static long HostBytes => 150L << 20;

    /// <summary>Lets brokers of several tests run beside each other.</summary>
    public static void Configure(ClusterSettings cluster) => (cluster.SiloPort, cluster.GatewayPort) = (FindPort(), 0);

    /// <summary>The same as flags of the executable.</summary>
    public static IReadOnlyList<string> Flags() => ["--advertised-address=127.0.0.1", $"--silo-port={FindPort()}", "--gateway-port=0"];

    /// <summary>Grains of the broker in memory.</summary>
    public static async Task<int> CountActivationsAsync(IServiceProvider services) =>
        (await services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics())
            .Where(grain => grain.GrainType.StartsWith("Broker.", StringComparison.Ordinal))
            .Sum(grain => grain.ActivationCount);

    private static int FindPort() => Ports.AllocateConsecutivePortPairs(numPorts: 1).Item1;
}
