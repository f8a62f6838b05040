namespace Broker.Gateway;

/// <summary>
/// How near the process is to the memory it may use. Below nine tenths of the limit nobody notices; from there on each read of
/// a connection that publishes is followed by a pause that grows, and at the limit such connections are not read from until
/// memory has been freed. Sockets fill up, and publishers wait: nothing fails, and consumers go on.
/// </summary>
internal sealed class MemoryPressure : WheelEntry
{
    private const double Threshold = 0.9;
    private const long LookInterval = 250;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CollectInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _sync = new();
    private readonly long _limit;
    private readonly TimerWheel _wheel;
    private readonly TimeProvider _time;
    private readonly Func<long> _measure;
    private TaskCompletionSource? _relieved;
    private long? _collectedAt;
    private double _level;
    private bool _isOpen;

    /// <param name="limit">Bytes; 0 for no limit.</param>
    /// <param name="wheel">Calls to look again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="measure">Gives the bytes in use.</param>
    public MemoryPressure(long limit, TimerWheel wheel, TimeProvider time, Func<long> measure)
    {
        _limit = limit;
        _wheel = wheel;
        _time = time;
        _measure = measure;
        if (limit > 0)
            OnDue();
    }

    /// <summary>Whether publishing is to be slowed down.</summary>
    public bool IsHigh => Volatile.Read(ref _level) >= Threshold;

    /// <summary>Waits as long as a publisher should, now.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        Task relieved;
        double level;
        lock (_sync)
        {
            level = _level;
            if (level < Threshold || _isOpen)
                return;
            _relieved ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            relieved = _relieved.Task;
        }
        if (level < 1)
        {
            TimeSpan pause = LongestPause * ((level - Threshold) / (1 - Threshold));
            await Task.Delay(pause, _time, cancellationToken);
            return;
        }
        await relieved.WaitAsync(cancellationToken);
    }

    /// <summary>Lets everybody through from now on.</summary>
    public void Open()
    {
        lock (_sync)
        {
            _isOpen = true;
            _relieved?.TrySetResult();
            _relieved = null;
        }
    }

    /// <inheritdoc/>
    protected internal override void OnDue()
    {
        double level = (double)_measure() / _limit;
        bool collect = false;
        lock (_sync)
        {
            Volatile.Write(ref _level, level);
            if (level < 1)
            {
                _relieved?.TrySetResult();
                _relieved = null;
            }
            if (level >= Threshold && (_collectedAt is not long last || _time.GetElapsedTime(last) >= CollectInterval))
            {
                _collectedAt = _time.GetTimestamp();
                collect = true;
            }
            if (!_isOpen)
                _wheel.Schedule(this, LookInterval);
        }
        // What the collector has not given back to the system looks like memory in use, and would hold publishers for nothing.
        if (collect)
            ThreadPool.UnsafeQueueUserWorkItem(static _ => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive), null);
    }
}
