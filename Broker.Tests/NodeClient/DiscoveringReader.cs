using System.Diagnostics;
using System.Net;
using System.Text;
using Broker.Tests.Running;

namespace Broker.Tests.NodeClient;

/// <summary>nsqjs in a process of its own, consuming from wherever a lookup service says; what it finished is counted here.</summary>
internal sealed class DiscoveringReader : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Lock _gate = new();
    private readonly HashSet<string> _finished = new(StringComparer.Ordinal);
    private readonly StringBuilder _errors = new();
    private readonly Process _node;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DiscoveringReader(Process node)
    {
        _node = node;
        _node.OutputDataReceived += (_, line) => Take(line.Data);
        _node.ErrorDataReceived += (_, line) =>
        {
            lock (_gate) _errors.AppendLine(line.Data);
        };
        _node.BeginOutputReadLine();
        _node.BeginErrorReadLine();
    }

    public static DiscoveringReader Start(IPEndPoint lookup, string topic, string channel)
    {
        string folder = Path.Combine(Solution.Folder, "Broker.Tests", "NodeClient");
        Assert.True(
            Directory.Exists(Path.Combine(folder, "node_modules", "nsqjs")),
            $"nsqjs is not installed: run ./test.sh, or 'npm ci' in {folder}.");
        ProcessStartInfo start = new("node")
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in (string[])["discover.js", lookup.ToString(), topic, channel]) start.ArgumentList.Add(argument);
        return new DiscoveringReader(Process.Start(start) ?? throw new InvalidOperationException("node did not start."));
    }

    /// <summary>Waits until all these messages were finished.</summary>
    public async Task ExpectAsync(IReadOnlyCollection<string> bodies)
    {
        using CancellationTokenSource patience = new(Patience);
        while (true)
        {
            Task more;
            lock (_gate)
            {
                if (_finished.IsSupersetOf(bodies)) return;
                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                lock (_gate)
                {
                    string[] missing = [.. bodies.Except(_finished)];
                    throw new Xunit.Sdk.XunitException(
                        $"{missing.Length} of {bodies.Count} messages did not come within {Patience.TotalSeconds} s, "
                        + $"among them {string.Join(' ', missing.Take(5))}; nsqjs says: {_errors}");
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _node.StandardInput.Close();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(10));
        try
        {
            await _node.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            _node.Kill(entireProcessTree: true);
        }

        _node.Dispose();
    }

    private void Take(string? body)
    {
        if (body is null) return;
        TaskCompletionSource more;
        lock (_gate)
        {
            _finished.Add(body);
            more = _more;
            _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        more.SetResult();
    }
}
