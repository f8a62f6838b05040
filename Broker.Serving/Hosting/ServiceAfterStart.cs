using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Serving.Hosting;

/// <summary>Work that goes on for as long as the host runs, and begins when all is served: the ports are known by then, and the grains run.</summary>
/// <param name="logger">Told when the work does not end.</param>
public abstract partial class ServiceAfterStart(ILogger logger) : IHostedLifecycleService
{
    // A call that nobody answers is not worth more of a stop.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Begins.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _running = RunAsync(_stopping.Token);
        return Task.CompletedTask;
    }

    /// <summary>Has the work end, and waits for it a moment.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        try
        {
            await _running.WaitAsync(Farewell, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException && !_running.IsCompleted)
        {
            NotEnded(logger, GetType().Name, Farewell);
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(1700, LogLevel.Warning, "{Service} did not end within {Limit}; stopping without it")]
    private static partial void NotEnded(ILogger logger, string service, TimeSpan limit);

    /// <summary>The work.</summary>
    /// <param name="stopping">Cancelled when it is to end; it ends without an exception then.</param>
    protected abstract Task RunAsync(CancellationToken stopping);
}
