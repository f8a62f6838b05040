using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos;

/// <summary>A grain's timer: its ticks are turns of the activation, and the next is due a period after the last has ended.</summary>
internal sealed class SimulatedTimer : GrainRequest, IGrainTimer
{
    private readonly CancellationTokenSource _ended = new();
    private readonly SimulatedActivation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly bool _interleaves;
    private readonly ITimer _timer;
    private TimeSpan _dueTime;
    private TimeSpan _period;
    private bool _isChanged;
    private bool _isFiring;

    public SimulatedTimer(SimulatedActivation activation, Func<CancellationToken, Task> callback, bool interleaves)
    {
        _activation = activation;
        _callback = callback;
        _interleaves = interleaves;
        _timer = activation.Silo.Cluster.Time.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        activation.Timers.Add(this);
    }

    public override bool IsAlwaysInterleaving => _interleaves;

    public override bool IsReadOnly => false;

    public override bool IsLocal => true;

    public override bool IsExpired => _ended.IsCancellationRequested;

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan((long)dueTime.TotalMilliseconds, Timeout.Infinite, nameof(dueTime));
        ArgumentOutOfRangeException.ThrowIfLessThan((long)period.TotalMilliseconds, Timeout.Infinite, nameof(period));
        _isChanged = true;
        _dueTime = dueTime;
        _period = period;
        if (!_isFiring)
            _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public override async Task InvokeAsync(SimulatedActivation activation)
    {
        _isChanged = false;
        try
        {
            await _callback(_ended.Token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Orleans logs it, and the next tick comes all the same.
        }

        _isFiring = false;
        if (!_ended.IsCancellationRequested)
            _timer.Change(_isChanged ? _dueTime : _period, Timeout.InfiniteTimeSpan);
    }

    public override void Abandon(SimulatedActivation activation)
    {
        // A tick belongs to its activation.
    }

    public override void Fail(Exception exception)
    {
        // Nobody waits for a tick.
    }

    public void Dispose()
    {
        _ended.Cancel();
        _timer.Dispose();
        _activation.Timers.Remove(this);
    }

    private void Fire()
    {
        _isFiring = true;
        _activation.Receive(this);
    }
}
