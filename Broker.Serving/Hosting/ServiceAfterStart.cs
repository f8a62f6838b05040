using Microsoft.Extensions.Hosting;

namespace Broker.Serving.Hosting;

/// <summary>Work that goes on for as long as the host runs, and begins when all is served: the ports are known by then, and the grains run.</summary>
public abstract class ServiceAfterStart : IHostedLifecycleService
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Begins.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        _running = RunAsync(_stopping.Token);
        return Task.CompletedTask;
    }

    /// <summary>Has the work end, and waits for it.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _running;
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The work.</summary>
    /// <param name="stopping">Cancelled when it is to end; it ends without an exception then.</param>
    protected abstract Task RunAsync(CancellationToken stopping);
}
