using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Broker.Tests.Running;

/// <summary>The built executable in any of its roles, and each line that it writes.</summary>
internal sealed partial class RoleProcess : IAsyncDisposable
{
    private const int Sigterm = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly SemaphoreSlim _listening = new(0);

    private RoleProcess(string folder, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Solution.Executable, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // As at the first start on a machine: nothing is in the user's home yet.
        start.Environment["HOME"] = folder;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Take(line.Data);
        _process.ErrorDataReceived += (_, line) => Take(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Its number.</summary>
    public int Id => _process.Id;

    /// <summary>What it has written.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines) return [.. _lines];
        }
    }

    /// <summary>The assemblies that it has loaded, by their files' names.</summary>
    public IReadOnlyList<string> Assemblies =>
    [
        .. File.ReadLines($"/proc/{_process.Id}/maps").Select(line => line.Split('/')[^1]).Where(file => file.EndsWith(".dll", StringComparison.Ordinal)).Distinct(),
    ];

    /// <summary>Starts it and waits until it listens on so many addresses.</summary>
    public static async Task<RoleProcess> StartAsync(string folder, int addresses, params IEnumerable<string> arguments)
    {
        RoleProcess role = new(folder, arguments);
        for (int i = 0; i < addresses; i++)
        {
            if (await role._listening.WaitAsync(Patience)) continue;
            await role.DisposeAsync();
            throw new Xunit.Sdk.XunitException($"does not listen on {addresses} addresses: {string.Join('\n', role.Lines)}");
        }
        return role;
    }

    /// <summary>Runs it to its end, and gives its exit code.</summary>
    public static async Task<(int ExitCode, IReadOnlyList<string> Lines)> RunAsync(string folder, params IEnumerable<string> arguments)
    {
        await using RoleProcess role = new(folder, arguments);
        return (await role.ExitAsync(), role.Lines);
    }

    /// <summary>Ends it as an operator does, and gives its exit code.</summary>
    public Task<int> TerminateAsync()
    {
        Assert.Equal(0, Kill(_process.Id, Sigterm));
        return ExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [GeneratedRegex(@"listening on (\S+)$")]
    private static partial Regex Banner();

    private async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    private void Take(string? line)
    {
        if (line is null) return;
        lock (_lines) _lines.Add(line);
        if (Banner().IsMatch(line)) _listening.Release();
    }
}
