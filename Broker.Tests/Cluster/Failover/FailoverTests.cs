using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Broker.Tests.Gateway;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;
using Xunit.Abstractions;

namespace Broker.Tests.Cluster.Failover;

/// <summary>
/// Three silos on PostgreSQL, of which one is killed, hangs or is cut off from the others under a load that goes on. Nothing acknowledged is lost, and
/// all topics are served again.
/// </summary>
/// <remarks>
/// Each fault happens once, with gateways in the silos or with one by itself. <c>BROKER_FAILOVERS</c> has each happen with both, so many times;
/// <c>BROKER_FAILOVER_BUSY</c> sets how many busy loops run beside it (0), and <c>BROKER_FAILOVER_FLAGS</c> flags of the silos, of which a gateway by
/// itself takes <c>--response-timeout</c>. What is written tells the longest time without a delivery of any topic, for each time that it happened.
/// </remarks>
public sealed partial class FailoverTests(ITestOutputHelper output)
{
    private const int Silos = 3;
    // Enough that every silo has some.
    private const int Topics = 24;

    public static TheoryData<Fault, bool> ProcessFaults => IsCampaign
        ? new() { { Fault.Kill, false }, { Fault.Kill, true }, { Fault.Hang, false }, { Fault.Hang, true } }
        : new() { { Fault.Kill, true }, { Fault.Hang, false } };

    public static TheoryData<Fault, bool> NetworkFaults => IsCampaign ? new() { { Fault.CutOff, false }, { Fault.CutOff, true } } : new() { { Fault.CutOff, false } };

    private static bool IsCampaign => Knob.Read<int>("BROKER_FAILOVERS") is not null;

    /// <summary>Invariant 15: silos are killed under continuous load, a gateway by itself among them.</summary>
    [Theory]
    [MemberData(nameof(ProcessFaults))]
    public async Task Nothing_acknowledged_is_lost_and_all_topics_are_served_again(Fault fault, bool hasGatewayByItself) =>
        await RunAsync(fault, hasGatewayByItself, hasNetwork: false);

    [NetworkTheory]
    [MemberData(nameof(NetworkFaults))]
    public async Task Nothing_acknowledged_is_lost_when_packets_are(Fault fault, bool hasGatewayByItself) =>
        await RunAsync(fault, hasGatewayByItself, hasNetwork: true);

    // A cluster of its own each time: a silo that comes back has no topics yet.
    private async Task RunAsync(Fault fault, bool hasGatewayByItself, bool hasNetwork)
    {
        for (int i = Knob.Read<int>("BROKER_FAILOVERS") ?? 1; i > 0; i--)
        {
            await using HostNetwork? network = hasNetwork ? await HostNetwork.CreateAsync(Silos + 1) : null;
            await RunAsync(fault, hasGatewayByItself, network);
        }
    }

    private async Task RunAsync(Fault fault, bool hasGatewayByItself, HostNetwork? network)
    {
        // Its socket in the file system is reached from all networks.
        PostgresServer server = await PostgresServer.SharedAsync();
        string[] database = [$"--postgres={server.SocketConnectionString}", $"--postgres-schema={TestStorage.NewSchema()}_failover"];
        string[] flags = (Environment.GetEnvironmentVariable("BROKER_FAILOVER_FLAGS") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        List<BrokerProcess> all = [];
        List<Process> busy = [.. Enumerable.Range(0, Knob.Read<int>("BROKER_FAILOVER_BUSY") ?? 0).Select(_ => Process.Start("sh", ["-c", "while :; do :; done"])!)];
        try
        {
            for (int i = 0; i < Silos; i++) all.Add(await BrokerProcess.StartSiloAsync(network?.Hosts[i], ["--storage=postgres", .. database, .. flags]));
            if (hasGatewayByItself)
            {
                IEnumerable<string> patience = flags.Where(flag => flag.StartsWith("--response-timeout=", StringComparison.Ordinal));
                all.Add(await BrokerProcess.StartGatewayAsync(network?.Hosts[Silos], [.. database, .. patience]));
            }

            await using FailoverLoad load = await FailoverLoad.StartAsync(Topics, all[hasGatewayByItself ? Silos : 1].TcpEndPoint, all[^1].TcpEndPoint);
            TimeSpan gap = await StrikeAsync(fault, all[0], network, load);
            await all[0].StartAsync();
            await load.EndAsync();
            await ExpectTakeoverToldAsync(all[1..Silos]);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{fault}, gateway {(hasGatewayByItself ? "by itself" : "in silos")}: longest time without a delivery {gap.TotalSeconds:0.0} s; "
                    + $"{load.Acknowledged} acknowledged, {load.Missing.Count} missing, {load.Repeated} delivered again, {load.Refused} refused"));
            Assert.Empty(load.Missing);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"{fault}: {e.Message}\n{string.Join("\n\n", all.Select(one => one.Output))}", e);
        }
        finally
        {
            foreach (Process loop in busy)
            {
                loop.Kill();
                loop.Dispose();
            }

            foreach (BrokerProcess one in all) await one.DisposeAsync();
        }
    }

    // Ends with the silo's process: one that was put out of the cluster learns it, and ends.
    private static async Task<TimeSpan> StrikeAsync(Fault fault, BrokerProcess silo, HostNetwork? network, FailoverLoad load)
    {
        switch (fault)
        {
            case Fault.Kill:
                await silo.KillAsync();
                return await load.UntilResumedAsync();
            case Fault.Hang:
                silo.Stop();
                TimeSpan hung = await load.UntilResumedAsync();
                silo.Continue();
                await silo.EndedAsync();
                return hung;
            case Fault.CutOff:
                NetworkHost host = network!.Hosts[0];
                await network.CutOffAsync(host);
                TimeSpan cut = await load.UntilResumedAsync();
                await silo.EndedAsync();
                await network.JoinAsync(host);
                return cut;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    // Each survivor says who has died, and what it has taken over, in a line each.
    private static async Task ExpectTakeoverToldAsync(IReadOnlyList<BrokerProcess> survivors)
    {
        foreach (BrokerProcess survivor in survivors)
            await Eventually.TrueAsync(() => DeathLine().IsMatch(survivor.Output));
        await Eventually.TrueAsync(() => Task.FromResult(survivors.Any(survivor => TakeoverLine().IsMatch(survivor.Output))));
    }

    [GeneratedRegex(@"WARNING: silo \S+ died; its topics and channels are opened on the others; active silos: 2")]
    private static partial Regex DeathLine();

    [GeneratedRegex(@"INFO: \d+ topics? (was|were) opened here in the \d+\.\d s after silo \S+ was gone")]
    private static partial Regex TakeoverLine();
}
