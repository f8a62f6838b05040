using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Dashboard;
using Orleans.Runtime;

namespace Broker.Silo.Dashboard;

/// <summary>
/// Wakes the dashboard's part of this silo. Whoever opens the dashboard has it tell each silo to profile its calls, and a minute after the last look no
/// longer to; what the part does all day else (filtering calls, sampling, listening to instruments) is done between the two.
/// </summary>
/// <param name="profiler">Makes what measures calls.</param>
/// <param name="participants">Finds what begins and ends with the silo.</param>
/// <param name="hosted">Finds what begins with the host.</param>
/// <param name="timers">Sample the silo.</param>
/// <param name="logger">Told what fails.</param>
internal sealed partial class SleepingDashboard(
    Func<IIncomingGrainCallFilter> profiler,
    Func<IEnumerable<ILifecycleParticipant<ISiloLifecycle>>> participants,
    Func<IEnumerable<IHostedService>> hosted,
    DashboardTimers timers,
    ILogger<SleepingDashboard> logger) : IIncomingGrainCallFilter
{
    // The dashboard's word for it (ISiloGrainService).
    private const string Enable = "Enable";

    private volatile IIncomingGrainCallFilter? _profiler;
    private HeldLifecycle? _lifecycle;
    private Task _change = Task.CompletedTask;

    /// <summary>Whether somebody looks at the dashboard.</summary>
    public bool IsAwake => _profiler is not null;

    /// <inheritdoc/>
    public Task Invoke(IIncomingGrainCallContext context)
    {
        if (context.TargetId.IsSystemTarget() && context.Grain.GetType().Assembly == typeof(DashboardOptions).Assembly && context.MethodName == Enable)
            Turn(context.Request.GetArgument(0) is true);
        return _profiler is { } measured ? measured.Invoke(context) : context.Invoke();
    }

    // In turns of the dashboard's part, one after the other. What takes longer calls that part itself.
    private void Turn(bool on)
    {
        if (on == IsAwake)
            return;
        _profiler = on ? profiler() : null;
        _change = ChangeAsync(_change, on ? WakeAsync : SleepAsync);
    }

    private async Task ChangeAsync(Task before, Func<Task> change)
    {
        await before;
        try
        {
            await change();
        }
        catch (Exception e)
        {
            CannotTurn(e);
        }
    }

    private async Task WakeAsync()
    {
        timers.Start();
        if (_lifecycle is null)
        {
            _lifecycle = new HeldLifecycle();
            foreach (ILifecycleParticipant<ISiloLifecycle> participant in participants()) participant.Participate(_lifecycle);
        }
        await _lifecycle.StartAsync();
        foreach (IHostedService part in hosted()) await part.StartAsync(CancellationToken.None);
    }

    private async Task SleepAsync()
    {
        timers.Stop();
        if (_lifecycle is not null) await _lifecycle.StopAsync();
        foreach (IHostedService part in hosted()) (part as IDisposable)?.Dispose();
    }

    [LoggerMessage(6050, LogLevel.Warning, "Orleans' dashboard may not show everything about this silo")]
    private partial void CannotTurn(Exception e);
}
