using Broker.Silo.Settings;
using Orleans.TestingHost;

namespace Broker.Tests.Running;

/// <summary>Ports of silos, where a cluster is asked for: a silo has no port 0.</summary>
internal static class SiloPorts
{
    // What is found is kept from other test processes too, until this one ends.
    private static readonly TestClusterPortAllocator Ports = new();

    /// <summary>Lets silos of several tests run beside each other.</summary>
    public static void Apply(ClusterSettings cluster) => (cluster.SiloPort, cluster.GatewayPort) = (Find(), 0);

    /// <summary>The same as flags of the executable.</summary>
    public static IReadOnlyList<string> Flags() => ["--advertised-address=127.0.0.1", $"--silo-port={Find()}", "--gateway-port=0"];

    /// <summary>Flags of a silo that gateways by themselves find.</summary>
    public static IReadOnlyList<string> FlagsWithGateway()
    {
        (int silo, int gateway) = Ports.AllocateConsecutivePortPairs(numPorts: 1);
        return ["--advertised-address=127.0.0.1", $"--silo-port={silo}", $"--gateway-port={gateway}"];
    }

    /// <summary>A port that the system gives to nobody who asks for any, and no other test has.</summary>
    public static int Find() => Ports.AllocateConsecutivePortPairs(numPorts: 1).Item1;
}
