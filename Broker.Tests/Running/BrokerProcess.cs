using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Broker.Tests.Running;

/// <summary>
/// The built executable as a process of its own, on a free port of loopback with data of its own. What it writes is kept for
/// failures.
/// </summary>
public sealed partial class BrokerProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int Sigcont = 18;
    private const int Sigstop = 19;

    // A machine that builds beside the tests takes its time to start a process.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DataFolder _data = new();
    private readonly string[] _flags;
    private readonly string _role;
    private readonly IReadOnlyList<string> _clusterFlags;
    private readonly NetworkHost? _host;
    private readonly int _diskMebibytes;
    private readonly StringBuilder _output = new();
    private Process? _process;

    private BrokerProcess(string[] flags, int diskMebibytes = 0)
        : this("nsqd", flags, SiloPorts.Flags(), host: null) => _diskMebibytes = diskMebibytes;

    private BrokerProcess(string role, string[] flags, IReadOnlyList<string> clusterFlags, NetworkHost? host) =>
        (_role, _flags, _clusterFlags, _host) = (role, flags, clusterFlags, host);

    /// <summary>Where it listens.</summary>
    public IPEndPoint TcpEndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Where it serves HTTP, when it was given an address for it.</summary>
    public IPEndPoint HttpEndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Where it keeps its data.</summary>
    public string DataPath => _data.Path;

    /// <summary>Where others see the data of one that has a disk of its own.</summary>
    public string MountedDataPath => $"/proc/{Process.Id}/root{DataPath}";

    /// <summary>What it has written to standard output and standard error, over all its starts.</summary>
    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    /// <summary>Whether it has been started and has not ended.</summary>
    public bool IsRunning => _process is { HasExited: false };

    /// <summary>Memory that it has in use now, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            const string label = "VmRSS:";
            string line = File.ReadLines($"/proc/{Process.Id}/status").First(line => line.StartsWith(label, StringComparison.Ordinal));
            return long.Parse(line[label.Length..^"kB".Length].Trim()) * 1024;
        }
    }

    /// <summary>The ports of TCP that it listens on.</summary>
    public IReadOnlyList<int> ListeningPorts
    {
        get
        {
            const string listening = "0A";
            HashSet<string> sockets = [.. Directory.GetFiles($"/proc/{Process.Id}/fd").Select(file => new FileInfo(file).LinkTarget ?? "")];
            return
            [
                .. from table in (string[])["tcp", "tcp6"]
                   from line in File.ReadLines($"/proc/{Process.Id}/net/{table}").Skip(1)
                   let columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                   where columns[3] == listening && sockets.Contains($"socket:[{columns[9]}]")
                   select Convert.ToInt32(columns[1].Split(':')[1], 16),
            ];
        }
    }

    private Process Process => _process ?? throw new InvalidOperationException("The broker was never started.");

    /// <summary>Starts the executable with flags beside the addresses and the data path, and waits until it takes connections.</summary>
    public static async Task<BrokerProcess> StartAsync(params string[] flags) =>
        await StartedAsync(new BrokerProcess([.. await TestStorage.FlagsAsync(), .. flags]));

    /// <summary>Starts the executable on a disk of its own, in memory and seen by nobody else, which ends with the process.</summary>
    public static Task<BrokerProcess> StartOnSmallDiskAsync(int mebibytes, params string[] flags) => StartedAsync(new BrokerProcess(flags, mebibytes));

    /// <summary>Starts a silo of a cluster.</summary>
    /// <param name="host">Where it runs; null for this host's own network.</param>
    /// <param name="flags">Flags beside the addresses and the data path.</param>
    internal static Task<BrokerProcess> StartSiloAsync(NetworkHost? host, string[] flags) => StartedAsync(new BrokerProcess(
        "nsqd",
        flags,
        host is null ? SiloPorts.FlagsWithGateway() : [$"--advertised-address={host.Address}", "--silo-port=11111", "--gateway-port=30000"],
        host));

    /// <summary>Starts a gateway by itself.</summary>
    /// <inheritdoc cref="StartSiloAsync"/>
    internal static Task<BrokerProcess> StartGatewayAsync(NetworkHost? host, string[] flags) => StartedAsync(new BrokerProcess("gateway", flags, [], host));

    /// <summary>Starts it again on its data after it has ended; its port is another one then.</summary>
    public async Task StartAsync()
    {
        // The disk is mounted in a namespace, which needs no privileges of the machine's own.
        string[] command = _diskMebibytes == 0
            ? [.. _host?.Prefix ?? [], Solution.Executable]
            :
            [
                "unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                $"mount -t tmpfs -o size={_diskMebibytes}m none \"$0\" && cd \"$0\" && exec \"$@\"", DataPath, Solution.Executable,
            ];
        ProcessStartInfo start = new(command[0])
        {
            WorkingDirectory = DataPath,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] arguments = [.. command[1..], _role, $"--tcp-address={_host?.Address ?? IPAddress.Loopback}:0", .. NoHttp(), .. _clusterFlags, .. Data(), .. _flags];
        foreach (string argument in arguments) start.ArgumentList.Add(argument);

        _process?.Dispose();
        lock (_output) _output.Clear();
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{Solution.Executable} did not start.");
        TaskCompletionSource listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) => Take(line.Data, listening);
        _process.ErrorDataReceived += (_, line) => Take(line.Data, listening);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        Task exit = _process.WaitForExitAsync();
        using CancellationTokenSource patience = new(Patience);
        await Task.WhenAny(listening.Task, exit, Task.Delay(Timeout.InfiniteTimeSpan, patience.Token));
        if (!listening.Task.IsCompleted) throw Failure(exit.IsCompleted ? $"ended ({_process.ExitCode})" : "did not listen");
    }

    /// <summary>Ends it as a power cut would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        Process.Kill();
        await ExitAsync();
    }

    /// <summary>Lets it do nothing any more, while its connections stay: SIGSTOP.</summary>
    public void Stop() => Signal(Sigstop);

    /// <summary>Lets it go on: SIGCONT.</summary>
    public void Continue() => Signal(Sigcont);

    /// <summary>Waits until it has ended by itself.</summary>
    public Task EndedAsync() => ExitAsync();

    /// <summary>Ends it as an operator does: SIGTERM. Gives its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        Signal(Sigterm);
        await ExitAsync();
        return Process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning) await KillAsync();
        _process?.Dispose();
        _data.Dispose();
    }

    private static async Task<BrokerProcess> StartedAsync(BrokerProcess broker)
    {
        try
        {
            await broker.StartAsync();
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }

        return broker;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [GeneratedRegex(@"\bTCP: listening on (\S+)")]
    private static partial Regex TcpBanner();

    [GeneratedRegex(@"\bHTTP: listening on (\S+)")]
    private static partial Regex HttpBanner();

    private void Signal(int signal)
    {
        if (Kill(Process.Id, signal) != 0) throw Failure($"took no signal {signal}");
    }

    private string[] Data() => _role == "gateway" ? [] : [$"--data-path={DataPath}"];

    private string[] NoHttp() => Array.Exists(_flags, flag => flag.StartsWith("--http-address", StringComparison.Ordinal)) ? [] : ["--http-address="];

    private void Take(string? line, TaskCompletionSource listening)
    {
        if (line is null) return;

        lock (_output) _output.AppendLine(line);
        if (TcpBanner().Match(line) is { Success: true } tcp)
        {
            TcpEndPoint = IPEndPoint.Parse(tcp.Groups[1].Value);
            if (NoHttp().Length > 0) listening.TrySetResult();
        }
        else if (HttpBanner().Match(line) is { Success: true } http)
        {
            // Said last.
            HttpEndPoint = IPEndPoint.Parse(http.Groups[1].Value);
            listening.TrySetResult();
        }
    }

    private async Task ExitAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await Process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw Failure("did not end");
        }
    }

    private Xunit.Sdk.XunitException Failure(string what) => new($"The broker {what} within {Patience.TotalSeconds} s: {Output}");
}
