using Broker.Gateway.Timing;

namespace Broker.Gateway.Limits;

/// <summary>
/// How near the process is to the memory it may use. Below nine tenths of the limit nobody notices; from there on each read of
/// a connection that publishes is followed by a pause that grows, and at the limit such connections are not read from until
/// memory has been freed. Sockets fill up, and publishers wait: nothing fails, and consumers go on.
/// </summary>
internal sealed class MemoryPressure : WheelEntry
{
    private const double Threshold = 0.9;

    // Half of the limit is filled in this time at the fastest; from then on it is looked at more often.
    private const long LookInterval = 250;
    private const long NearLookInterval = 20;
    private const double Near = 0.5;

    // One part of so many of the time may be spent on collecting while memory is short.
    private const int CollectShare = 20;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CollectInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private readonly long _limit;
    private readonly TimerWheel _wheel;
    private readonly TimeProvider _time;
    private readonly Func<long> _measure;
    private readonly Action _collect;
    private TaskCompletionSource? _relieved;
    private long? _collectedAt;
    private TimeSpan _collectTime;
    private bool _isCollecting;
    private double _level;
    private bool _isOpen;

    /// <param name="limit">Bytes; 0 for no limit.</param>
    /// <param name="wheel">Calls to look again.</param>
    /// <param name="time">The clock.</param>
    /// <param name="measure">Gives the bytes in use.</param>
    /// <param name="collect">Gives back to the system what is free; blocks.</param>
    public MemoryPressure(long limit, TimerWheel wheel, TimeProvider time, Func<long> measure, Action collect)
    {
        _collect = collect;
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
        double level = Look();
        bool collect;
        lock (_sync)
        {
            collect = IsCollectionDue(level);
            _isCollecting |= collect;
            if (!_isOpen)
                _wheel.Schedule(this, level < Near ? LookInterval : NearLookInterval);
        }
        if (collect)
            ThreadPool.UnsafeQueueUserWorkItem(static pressure => pressure.Collect(), this, preferLocal: false);
    }

    private double Look()
    {
        double level = (double)_measure() / _limit;
        lock (_sync)
        {
            Volatile.Write(ref _level, level);
            if (level < 1)
            {
                _relieved?.TrySetResult();
                _relieved = null;
            }
        }
        return level;
    }

    // While publishers are held nothing is allocated, so that the collector would not run by itself and they would be held for nothing.
    private bool IsCollectionDue(double level)
    {
        if (level < Threshold || _isCollecting)
            return false;
        if (_collectedAt is not long last)
            return true;
        TimeSpan affordable = _collectTime * CollectShare;
        return _time.GetElapsedTime(last) >= (affordable > CollectInterval ? affordable : CollectInterval);
    }

    // What the collector has not given back to the system looks like memory in use.
    private void Collect()
    {
        long started = _time.GetTimestamp();
        _collect();
        lock (_sync)
        {
            _collectedAt = _time.GetTimestamp();
            _collectTime = _time.GetElapsedTime(started);
            _isCollecting = false;
        }
        Look();
    }
}
