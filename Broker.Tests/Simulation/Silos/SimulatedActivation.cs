using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos;

/// <summary>A grain in a silo: what it is asked, in which order it begins, and how it ends.</summary>
internal sealed class SimulatedActivation : IGrainContext
{
    private enum Phase
    {
        Activating,
        Valid,
        Deactivating,
        Gone,
    }

    private readonly GrainClass _class;
    private readonly TurnScheduler _scheduler;
    private readonly List<GrainRequest> _waiting = [];
    private readonly List<GrainRequest> _running = [];
    private readonly TaskCompletionSource _deactivated = new();
    private readonly Dictionary<Type, object> _components = [];
    private GrainReference? _reference;
    private GrainRequest? _blocking;
    private Grain? _grain;
    private Phase _phase = Phase.Activating;
    private DeactivationReason _reason;
    private ITimer? _idle;
    private long _lastUsed;
    private long _keptUntil;

    public SimulatedActivation(SimulatedSilo silo, GrainClass grainClass, GrainId id)
    {
        Silo = silo;
        GrainId = id;
        _class = grainClass;
        _scheduler = new TurnScheduler(silo, id.ToString());
    }

    public SimulatedSilo Silo { get; }

    public GrainId GrainId { get; }

    public List<SimulatedTimer> Timers { get; } = [];

    public GrainReference GrainReference => _reference ??= OrleansParts.MakeReference((IGrainReferenceRuntime)Silo.Runtime, _class.MainInterface, GrainId);

    public object? GrainInstance => _grain;

    public ActivationId ActivationId { get; } = default;

    public GrainAddress Address => new() { GrainId = GrainId, SiloAddress = Silo.Address, ActivationId = ActivationId };

    public IServiceProvider ActivationServices => Silo;

    public IGrainLifecycle ObservableLifecycle => throw new NotSupportedException("no grain of the broker takes part in its lifecycle");

    public IWorkItemScheduler Scheduler => _scheduler;

    /// <summary>Whether the code that asks runs as a turn of this activation.</summary>
    public bool IsInTurn => TaskScheduler.Current == _scheduler;

    public Task Deactivated => _deactivated.Task;

    /// <summary>Makes the grain and activates it, for the first call that it is to serve.</summary>
    public void Begin(GrainCall first)
    {
        _lastUsed = Silo.Cluster.Time.GetTimestamp();
        if (!_class.IsKeptAlive)
            _idle = Silo.Cluster.Time.CreateTimer(_ => CollectIfIdle(), null, Silo.Cluster.Options.CollectionAge, Timeout.InfiniteTimeSpan);
        Run(() => ActivateAsync(first));
    }

    public void Receive(GrainRequest request)
    {
        if (_phase == Phase.Gone)
        {
            request.Abandon(this);
            return;
        }

        _waiting.Add(request);
        Pump();
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        if (_phase is Phase.Deactivating or Phase.Gone)
            return;
        _reason = deactivationReason;
        bool wasActivating = _phase == Phase.Activating;
        _phase = Phase.Deactivating;
        if (!wasActivating && _running.Count == 0)
            Run(FinishAsync);
    }

    /// <summary>Is gone at once, with all that runs and waits; callers get no answer, or learn that the silo is gone.</summary>
    public void Kill()
    {
        _phase = Phase.Gone;
        _scheduler.Kill();
        EndTimers();
        _idle?.Dispose();
        Silo.Remove(this);
        foreach (GrainCall call in _running.Concat(_waiting).OfType<GrainCall>())
            Silo.Cluster.Refuse(call, Silo);
        _running.Clear();
        _waiting.Clear();
        _deactivated.TrySetResult();
    }

    public void KeepFor(TimeSpan time) => _keptUntil = time == Timeout.InfiniteTimeSpan
        ? long.MaxValue
        : Silo.Cluster.Time.GetTimestamp() + time.Ticks;

    public object? GetTarget() => _grain;

    public object? GetComponent(Type componentType) =>
        _components.GetValueOrDefault(componentType) ?? (componentType.IsInstanceOfType(_grain) ? _grain : componentType.IsInstanceOfType(this) ? this : null);

    public void SetComponent<TComponent>(TComponent? value)
        where TComponent : class
    {
        if (value is null)
            _components.Remove(typeof(TComponent));
        else
            _components[typeof(TComponent)] = value;
    }

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public void ReceiveMessage(object message) => throw new NotSupportedException();

    public void Activate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public void Rehydrate(IRehydrationContext context) => throw new NotSupportedException();

    public void Migrate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    private void Run(Func<Task> code)
    {
        // What the code that ends has set in its context is not for the code that begins.
        using AsyncFlowControl? flow = ExecutionContext.IsFlowSuppressed() ? null : ExecutionContext.SuppressFlow();
        Task.Factory.StartNew(code, default, TaskCreationOptions.None, _scheduler);
    }

    private async Task ActivateAsync(GrainCall first)
    {
        try
        {
            first.ImportContext();
            _grain = _class.Make(Silo, this);
            await _grain.OnActivateAsync(default);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _phase = Phase.Gone;
            EndTimers();
            _idle?.Dispose();
            Silo.Remove(this);
            foreach (GrainRequest request in TakeWaiting())
                request.Fail(e);
            _deactivated.TrySetResult();
            return;
        }

        // What was never active is not deactivated.
        if (_phase == Phase.Deactivating)
        {
            End();
            return;
        }

        _phase = Phase.Valid;
        Pump();
    }

    private async Task FinishAsync()
    {
        EndTimers();
        try
        {
            await _grain!.OnDeactivateAsync(_reason, default);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Orleans logs it, and the activation goes all the same.
        }

        End();
    }

    private void End()
    {
        _phase = Phase.Gone;
        EndTimers();
        _idle?.Dispose();
        Silo.Remove(this);
        foreach (GrainRequest request in TakeWaiting())
            request.Abandon(this);
        _deactivated.TrySetResult();
    }

    private GrainRequest[] TakeWaiting()
    {
        GrainRequest[] waiting = [.. _waiting];
        _waiting.Clear();
        return waiting;
    }

    // Begins what may begin, in the order in which it came; what may not yet does not hold up what may.
    private void Pump()
    {
        for (int i = 0; i < _waiting.Count;)
        {
            GrainRequest request = _waiting[i];
            if (request.IsExpired)
            {
                _waiting.RemoveAt(i);
                continue;
            }

            if (!MayBegin(request))
            {
                i++;
                continue;
            }

            _waiting.RemoveAt(i);
            _running.Add(request);
            if (!request.IsAlwaysInterleaving)
                _blocking ??= request;
            Run(() => RunAsync(request));
        }
    }

    private bool MayBegin(GrainRequest request) =>
        (_phase == Phase.Valid || (_phase == Phase.Deactivating && request.IsLocal && _running.Count > 0))
        && MayRunNow(request);

    private bool MayRunNow(GrainRequest request) =>
        _running.Count == 0 || _class.IsReentrant || request.IsAlwaysInterleaving || _blocking is null || (request.IsReadOnly && _blocking.IsReadOnly);

    private async Task RunAsync(GrainRequest request)
    {
        await request.InvokeAsync(this);
        _running.Remove(request);
        if (_blocking == request)
            _blocking = null;
        // A timer does not keep its grain alive.
        if (request is GrainCall)
            _lastUsed = Silo.Cluster.Time.GetTimestamp();
        if (_phase == Phase.Deactivating && _running.Count == 0)
            await FinishAsync();
        else
            Pump();
    }

    private void EndTimers()
    {
        foreach (SimulatedTimer timer in Timers.ToArray())
            timer.Dispose();
    }

    private void CollectIfIdle()
    {
        TimeSpan age = Silo.Cluster.Options.CollectionAge;
        long now = Silo.Cluster.Time.GetTimestamp();
        TimeSpan left = TimeSpan.FromTicks(Math.Max(_lastUsed + age.Ticks, _keptUntil) - now);
        if (left > TimeSpan.Zero || _running.Count > 0)
            _idle?.Change(left > TimeSpan.Zero ? left : age, Timeout.InfiniteTimeSpan);
        else
            Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "not used for long"));
    }
}
