using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Broker.Tests.Running;

namespace Broker.Tests.Deploy;

/// <summary>
/// What the image starts, started as in the image: entry points and program where the Dockerfile puts them, as its user, who has no capabilities, in
/// a mount namespace instead of a container.
/// </summary>
public sealed partial class ContainerUserTests : IDisposable
{
    private const int User = 1654;

    // Folder of the program, of the entry points, of the runtime, file of the hosts, folder for the data; then the command.
    private const string Room =
        """
        set -e
        mount -t tmpfs none /opt
        mkdir /opt/broker /opt/dotnet
        mount --bind "$1" /opt/broker
        mount --bind "$3" /opt/dotnet
        mount --bind "$4" /etc/hosts
        mount -t tmpfs none /mnt
        mkdir /mnt/data
        mount --bind "$5" /mnt/data
        mount -t tmpfs none /usr/local/bin
        install -m 755 "$2"/* /usr/local/bin
        shift 5
        cd /mnt/data
        exec setpriv --reuid=1654 --regid=1654 --clear-groups --no-new-privs --inh-caps=-all -- env -i PATH=/usr/local/bin:/usr/bin:/bin DOTNET_ROOT=/opt/dotnet "$@"
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("broker-room-");
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private string Hosts => Path.Combine(_folder.FullName, "hosts");

    private string Data => Path.Combine(_folder.FullName, "data");

    private string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>A compose file starts everything at once: the lookup service's name may be known only later.</summary>
    [RoomFact]
    public async Task A_broker_runs_as_its_user_is_found_healthy_finds_a_name_that_resolves_late_and_ends_on_SIGTERM()
    {
        using TcpListener lookup = new(IPAddress.Loopback, 0);
        lookup.Start();
        using Process broker = Start(
            User, "nsqd", "--data-path=/mnt/data", "--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0", "--broadcast-address=127.0.0.1",
            $"--lookupd-tcp-address=late-lookup:{((IPEndPoint)lookup.LocalEndpoint).Port}");
        try
        {
            using CancellationTokenSource patience = new(Patience);
            await _ready.Task.WaitAsync(patience.Token);
            Assert.Matches($@"Uid:\s{User}\s", await File.ReadAllTextAsync($"/proc/{broker.Id}/status"));
            string port = HttpPort().Match(Output).Groups[1].Value;
            Assert.Equal(0, await RunAsync("bash", Solution.PathOf("deploy/container/healthy"), port, "/health/ready"));
            Assert.Equal(1, await RunAsync("bash", Solution.PathOf("deploy/container/healthy"), port, "/no-such-page"));

            await File.AppendAllTextAsync(Hosts, "127.0.0.1 late-lookup\n");
            using TcpClient registered = await lookup.AcceptTcpClientAsync(patience.Token);
            byte[] magic = new byte[4];
            await registered.GetStream().ReadExactlyAsync(magic, patience.Token);
            Assert.Equal("  V1"u8.ToArray(), magic);

            Assert.Equal(0, await RunAsync("kill", "-TERM", $"{broker.Id}"));
            await broker.WaitForExitAsync(patience.Token);
            Assert.Equal(0, broker.ExitCode);
        }
        finally
        {
            if (!broker.HasExited) broker.Kill();
        }
    }

    [RoomFact]
    public async Task A_volume_that_belongs_to_root_is_refused_in_a_sentence()
    {
        using Process broker = Start(0, "nsqd", "--data-path=/mnt/data", "--tcp-address=127.0.0.1:0", "--http-address=127.0.0.1:0");
        using CancellationTokenSource patience = new(Patience);
        await broker.WaitForExitAsync(patience.Token);
        Assert.Equal(2, broker.ExitCode);
        Assert.Equal("Broker.Silo: --data-path: /mnt/data is not writable; allow this user to write there or name another directory", Output.Trim());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [GeneratedRegex(@"HTTP: listening on \S+:(\d+)")]
    private static partial Regex HttpPort();

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    // Each program of the way takes the place of the one before, so that the process is the broker's in the end.
    private Process Start(int owner, params string[] command)
    {
        Directory.CreateDirectory(Data);
        File.Copy("/etc/hosts", Hosts);
        File.SetUnixFileMode(Hosts, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        using (Process chown = Process.Start("chown", [$"{owner}", Data])) chown.WaitForExit();
        string runtime = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        ProcessStartInfo start = new(
            "unshare",
            ["--mount", "sh", "-c", Room, "room", Path.GetDirectoryName(Solution.Executable)!, Solution.PathOf("deploy/container"), runtime, Hosts, Data, .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Take(string? line)
    {
        lock (_output) _output.AppendLine(line);
        if (line?.Contains(" Ready. ", StringComparison.Ordinal) == true) _ready.TrySetResult();
    }
}
