using System.Diagnostics;
using Broker.Bench.Measuring;

namespace Broker.Bench.Streams;

/// <summary>A server or silo of a run.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly List<string> _lines = [];

    private ChildProcess(Process process) => _process = process;

    public TimeSpan ProcessorTime => _process.HasExited ? TimeSpan.Zero : new ServerProcess([_process.Id]).ReadProcessorTime();

    /// <summary>Starts one and waits until it has written a line with this text.</summary>
    /// <exception cref="LoadException">It cannot be started, or does not write that.</exception>
    public static async Task<ChildProcess> StartAsync(string file, IEnumerable<string> arguments, string ready, CancellationToken interrupt)
    {
        ProcessStartInfo start = new(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        ChildProcess child;
        try
        {
            child = new ChildProcess(Process.Start(start)!);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new LoadException($"{file} cannot be started: {e.Message}", e);
        }
        TaskCompletionSource isReady = new(TaskCreationOptions.RunContinuationsAsynchronously);
        child._process.OutputDataReceived += (_, line) => child.Take(line.Data, ready, isReady);
        child._process.ErrorDataReceived += (_, line) => child.Take(line.Data, ready, isReady);
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        Task first = await Task.WhenAny(isReady.Task, child._process.WaitForExitAsync(interrupt), Task.Delay(Patience, interrupt));
        if (first == isReady.Task) return child;
        string said;
        lock (child._lines) said = string.Join('\n', child._lines);
        child.Dispose();
        interrupt.ThrowIfCancellationRequested();
        throw new LoadException($"{file} did not start: {said}");
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
    }

    private void Take(string? line, string ready, TaskCompletionSource isReady)
    {
        if (line is null) return;
        lock (_lines)
        {
            // The beginning tells why one does not start.
            if (_lines.Count < 100) _lines.Add(line);
        }
        if (line.Contains(ready, StringComparison.Ordinal)) isReady.TrySetResult();
    }
}
