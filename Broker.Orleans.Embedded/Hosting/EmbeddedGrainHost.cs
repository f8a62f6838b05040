using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>Runs grains in this process. Calls may be made as soon as it exists; stopping it deactivates every grain.</summary>
public sealed class EmbeddedGrainHost : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<Type, InterfaceBinding> _bindings = new();
    private readonly Dictionary<TimeSpan, DeadlineQueue> _deadlines = [];
    private readonly GrainClass[] _classes;
    private readonly Lock _gate = new();
    private readonly ITimer _collector;
    private Activation? _oldest;
    private Activation? _newest;
    private int _activationCount;
    private long _pastCalls;
    private long _observers;
    private int _epoch;
    private volatile bool _stopping;

    internal EmbeddedGrainHost(
        IServiceProvider services,
        EmbeddedGrainHostOptions options,
        ITurnScheduler scheduler,
        TimeProvider time,
        ILogger logger,
        IEnumerable<Assembly> grainAssemblies)
    {
        Services = services;
        Options = options;
        Scheduler = scheduler;
        Time = time;
        Log = new HostLog(logger);
        InlineTurns = options.InlineTurns;
        Tick = new CallMethod(this, "IGrainTimer.Tick", alwaysInterleave: false);
        InterleavingTick = new CallMethod(this, "IGrainTimer.Tick", alwaysInterleave: true);
        _collector = UnflowedTimer.Create(time, static host => ((EmbeddedGrainHost)host!).Collect(), this);
        _classes =
        [
            .. grainAssemblies.Distinct().SelectMany(assembly => assembly.GetTypes())
                .Where(type => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }
                    && type.IsAssignableTo(typeof(IGrain)) && !type.IsAssignableTo(typeof(GrainReference)))
                .OrderBy(type => type.FullName, StringComparer.Ordinal)
                .Select(type => new GrainClass(this, type))
        ];
    }

    /// <summary>How many grains are active, those that come or go included.</summary>
    public int ActivationCount => Volatile.Read(ref _activationCount);

    /// <summary>Whether it was told to stop.</summary>
    public bool IsStopping => _stopping;

    /// <summary>How many requests grains have begun since the process started, ticks of timers included.</summary>
    public long TotalCalls
    {
        get
        {
            lock (_gate)
            {
                long calls = _pastCalls;
                for (Activation? activation = _oldest; activation is not null; activation = activation.Newer)
                {
                    calls += activation.Calls;
                }
                return calls;
            }
        }
    }

    /// <summary>How many grains of each class are active, and how many requests those of it have begun since the process started.</summary>
    public IReadOnlyList<(Type Type, long Activations, long Calls)> Census()
    {
        Dictionary<GrainClass, (long Activations, long Calls)> figures = _classes.ToDictionary(one => one, one => (0L, 0L));
        lock (_gate)
        {
            foreach (GrainClass one in _classes)
            {
                figures[one] = (0, one.PastCalls);
            }
            for (Activation? activation = _oldest; activation is not null; activation = activation.Newer)
            {
                (long activations, long calls) = figures[activation.Class];
                figures[activation.Class] = (activations + 1, calls + activation.Calls);
            }
        }
        return [.. _classes.Select(one => (one.Type, figures[one].Activations, figures[one].Calls))];
    }

    internal IServiceProvider Services { get; }

    internal EmbeddedGrainHostOptions Options { get; }

    internal ITurnScheduler Scheduler { get; }

    internal TimeProvider Time { get; }

    internal HostLog Log { get; }

    internal bool InlineTurns { get; }

    internal CallMethod Tick { get; }

    internal CallMethod InterleavingTick { get; }


    /// <summary>Changes with every crash; what is of an older one is lost.</summary>
    internal int Epoch => Volatile.Read(ref _epoch);

    /// <summary>
    /// A response must not run its caller's code in the turn that answers. Usually the thread pool sees to that, also
    /// for what combines tasks. When calls are messages the scheduler does, so that nothing escapes to other threads.
    /// </summary>
    internal TaskCreationOptions ResponseOptions =>
        InlineTurns ? TaskCreationOptions.RunContinuationsAsynchronously : TaskCreationOptions.None;

    /// <summary>Lets grains activate again after the host was stopped.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _stopping = false;
        return Task.CompletedTask;
    }

    /// <summary>
    /// Deactivates every grain, after the requests that run in it have ended. Calls to grains that are not active fail
    /// from now on with <see cref="SiloUnavailableException"/>.
    /// </summary>
    /// <exception cref="OperationCanceledException">Time was up before all were gone.</exception>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        while (true)
        {
            Activation[] activations = Snapshot();
            if (activations.Length == 0)
            {
                return;
            }
            DeactivationReason reason = new(DeactivationReasonCode.ShuttingDown, "This process is terminating.");
            foreach (Activation activation in activations)
            {
                activation.Deactivate(reason, cancellationToken);
            }
            await Task.WhenAll(activations.Select(activation => activation.Deactivated)).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Deactivates a grain if it is active; the task ends when it is gone.</summary>
    /// <exception cref="ArgumentException">The object is neither a grain nor a reference to one.</exception>
    public Task DeactivateAsync(IAddressable grain)
    {
        if (Find(grain) is not { } activation)
        {
            return Task.CompletedTask;
        }
        Task deactivated = activation.Deactivated;
        activation.Deactivate(new DeactivationReason(DeactivationReasonCode.RuntimeRequested, "The host was asked to deactivate it."));
        return deactivated;
    }

    /// <summary>
    /// Drops a grain as a crash would: no <c>OnDeactivateAsync</c>, nothing of it runs again, and whoever waits for it
    /// receives <see cref="SiloUnavailableException"/>. A turn that runs on another thread goes on to its next await.
    /// </summary>
    /// <exception cref="ArgumentException">The object is neither a grain nor a reference to one.</exception>
    public void Kill(IAddressable grain) => Find(grain)?.Kill();

    /// <summary>
    /// Drops all grains and observers and everything that is on the way, as if the process had crashed. The host can be
    /// used again, as that of the next process.
    /// </summary>
    public void KillAll()
    {
        Interlocked.Increment(ref _epoch);
        foreach (Activation activation in Snapshot())
        {
            activation.Kill();
        }
        foreach (DeadlineQueue deadlines in DeadlineQueues())
        {
            deadlines.Fail(null, Activation.Killed);
        }
    }

    /// <summary>Stops the host's timers; it does not deactivate.</summary>
    public void Dispose()
    {
        _collector.Dispose();
        foreach (DeadlineQueue deadlines in DeadlineQueues())
        {
            deadlines.Stop();
        }
    }

    internal InterfaceBinding BindingOf(Type interfaceType) => _bindings.GetOrAdd(
        interfaceType,
        static (type, host) => new InterfaceBinding(host, type, [.. host._classes.Where(one => one.Type.IsAssignableTo(type))]),
        this);

    internal DeadlineQueue DeadlinesOf(TimeSpan timeout)
    {
        lock (_deadlines)
        {
            if (!_deadlines.TryGetValue(timeout, out DeadlineQueue? deadlines))
            {
                deadlines = new DeadlineQueue(Time, timeout);
                _deadlines.Add(timeout, deadlines);
            }
            return deadlines;
        }
    }

    internal long ToTimestamp(TimeSpan time) => time == Timeout.InfiniteTimeSpan || time == TimeSpan.MaxValue
        ? long.MaxValue
        : (long)(time.TotalSeconds * Time.TimestampFrequency);

    internal Observer Observe(IGrainObserver target) => new(
        this, target, GrainId.Create("sys.client", $"embedded+{Interlocked.Increment(ref _observers)}"));

    internal void FailCallsOf(Activation activation)
    {
        foreach (DeadlineQueue deadlines in DeadlineQueues())
        {
            deadlines.Fail(activation, Activation.Killed);
        }
    }

    internal void Add(Activation activation)
    {
        lock (_gate)
        {
            activation.Older = _newest;
            if (_newest is null)
            {
                _oldest = activation;
            }
            else
            {
                _newest.Newer = activation;
            }
            _newest = activation;
            if (_activationCount++ == 0)
            {
                _collector.Change(Options.CollectionQuantum, Timeout.InfiniteTimeSpan);
            }
        }
    }

    internal void Remove(Activation activation)
    {
        lock (_gate)
        {
            if (activation.Older is null && _oldest != activation)
            {
                return;
            }
            if (activation.Older is null)
            {
                _oldest = activation.Newer;
            }
            else
            {
                activation.Older.Newer = activation.Newer;
            }
            if (activation.Newer is null)
            {
                _newest = activation.Older;
            }
            else
            {
                activation.Newer.Older = activation.Older;
            }
            activation.Older = null;
            activation.Newer = null;
            _activationCount--;
            _pastCalls += activation.Calls;
            activation.Class.PastCalls += activation.Calls;
        }
    }

    private void Collect()
    {
        List<Activation> stale = [];
        lock (_gate)
        {
            long now = Time.GetTimestamp();
            for (Activation? activation = _oldest; activation is not null; activation = activation.Newer)
            {
                if (activation.IsStale(now))
                {
                    stale.Add(activation);
                }
            }
            if (_activationCount > 0)
            {
                _collector.Change(Options.CollectionQuantum, Timeout.InfiniteTimeSpan);
            }
        }
        foreach (Activation activation in stale)
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "The grain was idle."));
        }
    }

    private Activation? Find(IAddressable grain)
    {
        GrainReference reference = (GrainReference)grain.AsReference(typeof(IAddressable));
        return reference is GrainProxy { GrainClass: { } grainClass }
            ? grainClass.Find(reference.GrainId.Key.ToString())
            : throw new ArgumentException($"{grain} is no grain.", nameof(grain));
    }

    /// <summary>All activations, the oldest first.</summary>
    private Activation[] Snapshot()
    {
        lock (_gate)
        {
            Activation[] all = new Activation[_activationCount];
            int count = 0;
            for (Activation? activation = _oldest; activation is not null; activation = activation.Newer)
            {
                all[count++] = activation;
            }
            return all;
        }
    }

    private DeadlineQueue[] DeadlineQueues()
    {
        lock (_deadlines)
        {
            return [.. _deadlines.Values.OrderBy(deadlines => deadlines.Timeout)];
        }
    }
}
