using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Broker.Tests.Running;

/// <summary>
/// The built executable as a process of its own, on a free port of loopback with data of its own. What it writes is kept for
/// failures.
/// </summary>
public sealed partial class BrokerProcess : IAsyncDisposable
{
    private const int Sigterm = 15;
    private const int Starts = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DataFolder _data = new();
    private readonly string[] _flags;
    private StringBuilder _output = new();
    private Process _process = null!;

    private BrokerProcess(string[] flags) => _flags = flags;

    /// <summary>Where it listens.</summary>
    public IPEndPoint TcpEndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Where it keeps its data.</summary>
    public string DataPath => _data.Path;

    /// <summary>What it has written to standard output and standard error.</summary>
    public string Output
    {
        get
        {
            StringBuilder output = _output;
            lock (output) return output.ToString();
        }
    }

    /// <summary>Memory that it has in use now, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            const string label = "VmRSS:";
            string line = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith(label, StringComparison.Ordinal));
            return long.Parse(line[label.Length..^"kB".Length].Trim()) * 1024;
        }
    }

    /// <summary>Starts the executable with flags beside the addresses and the data path, and waits until it takes connections.</summary>
    public static async Task<BrokerProcess> StartAsync(params string[] flags)
    {
        BrokerProcess broker = new(flags);
        await broker.StartAsync();
        return broker;
    }

    /// <summary>Starts it again on its data after it has ended.</summary>
    public async Task StartAsync()
    {
        for (int start = 1; ; start++)
        {
            if (await TryStartAsync()) return;

            // Another process may have taken the port between our look and its bind.
            if (start == Starts) throw new Xunit.Sdk.XunitException($"The broker did not start, code {_process.ExitCode}: {Output}");
        }
    }

    /// <summary>Ends it as a power cut would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await ExitAsync();
    }

    /// <summary>Ends it as an operator does: SIGTERM. Gives its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        if (Kill(_process.Id, Sigterm) != 0) throw new Xunit.Sdk.XunitException($"SIGTERM could not be sent: {Output}");
        await ExitAsync();
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
        _data.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> TryStartAsync()
    {
        TcpEndPoint = new IPEndPoint(IPAddress.Loopback, FreePort());
        _output = new StringBuilder();
        ProcessStartInfo start = new(Solution.Executable)
        {
            WorkingDirectory = DataPath,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["nsqd", $"--tcp-address={TcpEndPoint}", "--http-address=", $"--data-path={DataPath}", .. _flags])
        {
            start.ArgumentList.Add(argument);
        }

        _process = new Process { StartInfo = start };
        StringBuilder output = _output;
        DataReceivedEventHandler keep = (_, line) =>
        {
            lock (output) output.AppendLine(line.Data);
        };
        _process.OutputDataReceived += keep;
        _process.ErrorDataReceived += keep;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        long began = Stopwatch.GetTimestamp();
        while (!_process.HasExited)
        {
            try
            {
                await using NsqSocket socket = await NsqSocket.OpenAsync(TcpEndPoint);
                await socket.ExpectNothingAsync();
                return true;
            }
            catch (SocketException)
            {
                if (Stopwatch.GetElapsedTime(began) > Patience)
                {
                    throw new Xunit.Sdk.XunitException($"The broker did not listen within {Patience.TotalSeconds} s: {Output}");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(20));
            }
        }

        await ExitAsync();
        return false;
    }

    private async Task ExitAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new Xunit.Sdk.XunitException($"The broker did not end within {Patience.TotalSeconds} s: {Output}");
        }
    }
}
