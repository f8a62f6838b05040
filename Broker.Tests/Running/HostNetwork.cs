using System.Diagnostics;
using System.Net;
using System.Text;

namespace Broker.Tests.Running;

/// <summary>
/// Hosts on one cable, each a network of its own in the kernel, from which one can be cut off without a word: packets are sent and reach nobody, and
/// no connection is closed. This process reaches all of them at any time.
/// </summary>
internal sealed class HostNetwork : IAsyncDisposable
{
    // Belongs to no host.
    private const string Nowhere = "02:00:00:00:00:01";

    private readonly string _bridge;

    private HostNetwork(string bridge, IReadOnlyList<NetworkHost> hosts) => (_bridge, Hosts) = (bridge, hosts);

    public IReadOnlyList<NetworkHost> Hosts { get; }

    /// <summary>Whether this process may make one: the kernel asks for the rights of root, which a container may lack even so.</summary>
    public static bool IsAllowed { get; } = Environment.IsPrivilegedProcess && MayMakeBridges();

    public static async Task<HostNetwork> CreateAsync(int hosts)
    {
        // An interface's name has 15 characters at most.
        string bridge = $"bk{Random.Shared.Next(0x10000):x4}";
        string network = $"10.{Random.Shared.Next(100, 250)}.{Random.Shared.Next(250)}";
        HostNetwork made = new(bridge, [.. Enumerable.Range(1, hosts).Select(i => new NetworkHost($"{bridge}-{i}", IPAddress.Parse($"{network}.{i + 1}")))]);
        StringBuilder script = new();
        script.AppendLine($"ip link add {bridge} type bridge && ip address add {network}.1/24 dev {bridge} && ip link set {bridge} up");
        foreach (NetworkHost host in made.Hosts)
        {
            script.AppendLine($"ip netns add {host.Namespace} && ip link add {host.Namespace} type veth peer name eth0 netns {host.Namespace}");
            script.AppendLine($"ip link set {host.Namespace} master {bridge} up");
            script.AppendLine($"ip -n {host.Namespace} address add {host.Address}/24 dev eth0");
            script.AppendLine($"ip -n {host.Namespace} link set eth0 up && ip -n {host.Namespace} link set lo up");
        }

        try
        {
            await RunAsync(script.ToString());
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }

        return made;
    }

    /// <summary>From now on nothing goes between this host and the other ones.</summary>
    public Task CutOffAsync(NetworkHost host) => RunAsync(ForPeersOf(
        host, (at, other) => $"ip -n {at.Namespace} neighbour replace {other.Address} lladdr {Nowhere} dev eth0 nud permanent"));

    /// <summary>Ends what <see cref="CutOffAsync"/> has begun.</summary>
    public Task JoinAsync(NetworkHost host) => RunAsync(ForPeersOf(host, (at, other) => $"ip -n {at.Namespace} neighbour delete {other.Address} dev eth0"));

    public async ValueTask DisposeAsync() => await RunAsync(string.Join(
        '\n', [.. Hosts.Select(host => $"ip netns delete {host.Namespace} || true"), $"ip link delete {_bridge} || true"]));

    private string ForPeersOf(NetworkHost host, Func<NetworkHost, NetworkHost, string> command) => string.Join(
        '\n', Hosts.Where(other => other != host).SelectMany(other => (string[])[command(host, other), command(other, host)]));

    private static bool MayMakeBridges()
    {
        string name = $"bk{Random.Shared.Next(0x10000):x4}t";
        using Process process = Start($"ip link add {name} type bridge && ip link delete {name}");
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static Process Start(string script) => Process.Start(new ProcessStartInfo("sh", ["-ec", script]) { RedirectStandardError = true })!;

    private static async Task RunAsync(string script)
    {
        using Process process = Start(script);
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{script}: {error}");
    }
}
