using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Broker.Bench.Sockets;

namespace Broker.Bench.Versus;

/// <summary>A server's process, from its start to its end.</summary>
internal sealed partial class StartedProgram : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int KeptOutput = 4000;

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly string _path;
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private StartedProgram(string path, Process process) => (_path, _process) = (path, process);

    public int Pid => _process.Id;

    /// <summary>Starts a program; what it writes is kept for failures.</summary>
    /// <param name="path">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Its working directory.</param>
    /// <param name="environment">Variables beside those of this process.</param>
    public static StartedProgram Start(
        string path, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(path, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        StartedProgram program = new(path, new Process { StartInfo = start });
        program._process.OutputDataReceived += program.Keep;
        program._process.ErrorDataReceived += program.Keep;
        program._process.Start();
        program._process.StandardInput.Close();
        program._process.BeginOutputReadLine();
        program._process.BeginErrorReadLine();
        return program;
    }

    /// <summary>A port of loopback that nobody listens on now.</summary>
    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>What looks like a version in what a program writes when it is asked for it.</summary>
    public static async Task<string> AskVersionAsync(string path, params string[] arguments)
    {
        ProcessStartInfo start = new(path, arguments) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return FindVersion(text);
    }

    /// <summary>The first version in a text, or a question mark.</summary>
    public static string FindVersion(string text) => VersionNumber().Match(text) is { Success: true } match ? match.Value : "?";

    /// <summary>Waits until it takes connections.</summary>
    /// <exception cref="LoadException">It has ended, or does not for a minute.</exception>
    public async Task<ServerAddress> ListeningAsync(int port)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited)
                throw new LoadException($"{_path} has ended with {_process.ExitCode}: {Output()}");
            using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return new ServerAddress("127.0.0.1", port);
            }
            catch (SocketException) when (waited.Elapsed < StartPatience)
            {
                await Task.Delay(Look);
            }
            catch (SocketException exception)
            {
                throw new LoadException($"{_path} does not listen on port {port} after {StartPatience.TotalSeconds} s: {Output()}", exception);
            }
        }
    }

    /// <summary>Ends it, by force if it does not obey, with all of its children.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            LinuxCalls.Signal(_process.Id, Terminate);
            using CancellationTokenSource patience = new(EndPatience);
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
            if (_output.Length > KeptOutput)
                _output.Remove(0, _output.Length - KeptOutput);
        }
    }

    private string Output()
    {
        lock (_output)
            return _output.ToString().Trim();
    }

    [GeneratedRegex(@"\d+\.\d+(\.\d+)*")]
    private static partial Regex VersionNumber();
}
