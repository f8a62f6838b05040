using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Broker.Silo.Settings;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Engine;

/// <summary>What tests know of the engine.</summary>
internal static class TestEngine
{
    private static readonly Lock Sync = new();
    private static readonly HashSet<int> Used = [];

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

    // A silo has no port 0. Below the ports that the system gives out, so that nobody takes it before the silo does.
    private static int FindPort()
    {
        while (true)
        {
            int port = Random.Shared.Next(10_000, 20_000);
            using TcpListener listener = new(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                lock (Sync)
                {
                    if (Used.Add(port)) return port;
                }
            }
            catch (SocketException)
            {
                // Taken.
            }
        }
    }
}
