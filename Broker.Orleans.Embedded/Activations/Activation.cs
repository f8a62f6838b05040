using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>One activation of a grain.</summary>
internal sealed class Activation : Mailbox, IGrainContext
{
    private readonly GrainClass _class;
    private readonly AsyncServiceScope _services;
    private object? _instance;
    private List<GrainTimer>? _timers;
    private TaskCompletionSource? _deactivated;
    private bool _wasOpen;
    private long _idleSince;
    private long _keepUntil;

    public Activation(GrainClass grainClass, string key)
        : base(grainClass.Host, grainClass.Reentrant, MailboxState.Opening)
    {
        _class = grainClass;
        Key = key;
        _services = Host.Services.CreateAsyncScope();
        _idleSince = Host.Time.GetTimestamp();
    }

    /// <summary>Neighbours in the host's list, which alone touches them.</summary>
    public Activation? Older { get; set; }

    /// <inheritdoc cref="Older"/>
    public Activation? Newer { get; set; }

    public string Key { get; }

    public GrainClass Class => _class;

    public override GrainId GrainId => GrainId.Create(_class.GrainType, IdSpan.Create(Key));

    public override object? Instance => _instance;

    public object? GrainInstance => _instance;

    public GrainReference GrainReference => _class.Refer(this);

    public IServiceProvider ActivationServices => _services.ServiceProvider;

    public override Mailbox? Successor => _class.Resolve(Key);

    public override bool RunsInline => Host.InlineTurns;

    public Task Deactivated
    {
        get
        {
            if (IsGone)
            {
                return Task.CompletedTask;
            }
            TaskCompletionSource made = new(Host.ResponseOptions);
            TaskCompletionSource promise = Interlocked.CompareExchange(ref _deactivated, made, null) ?? made;
            if (IsGone)
            {
                promise.TrySetResult();
            }
            return promise.Task;
        }
    }

    /// <exception cref="InvalidOperationException">The context is not one of the embedded host.</exception>
    public static Activation Of(IGrainContext? context) => context as Activation
        ?? throw new InvalidOperationException("The grain was created outside of the embedded host.");

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override Exception Gone() => _class.Gone(GrainId);

    /// <summary>Constructs the grain and calls <see cref="IGrainBase.OnActivateAsync"/>, in a first turn.</summary>
    public void Start()
    {
        Hold();
        Enqueue(new OpeningTurn());
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default) =>
        BeginClosing(deactivationReason, cancellationToken);

    /// <summary>Ends as in a crash: nothing of it runs again, and whoever waits for it fails.</summary>
    public void Kill()
    {
        TurnQueue waiting = Retire(killed: true);
        Vanish();
        Host.FailCallsOf(this);
        while (waiting.Dequeue() is GrainCall call)
        {
            call.Fail(Killed(call));
        }
    }

    public static SiloUnavailableException Killed(GrainCall call) => new(
        $"The target silo became unavailable for message: Request {call.Mailbox} {call.Method}.");

    public void DelayDeactivation(TimeSpan time)
    {
        long until = time == Timeout.InfiniteTimeSpan || time == TimeSpan.MaxValue ? long.MaxValue
            : time <= TimeSpan.Zero ? 0
            : Host.Time.GetTimestamp() + Host.ToTimestamp(time);
        Volatile.Write(ref _keepUntil, until);
    }

    /// <summary>Asked once a quantum: whether the grain has been idle for longer than its class may be.</summary>
    public bool IsStale(long now)
    {
        bool idle = IsIdle(out bool wasUsed);
        if (wasUsed)
        {
            _idleSince = now;
        }
        return idle && now >= Volatile.Read(ref _keepUntil) && now - _idleSince >= _class.CollectionAge;
    }

    public IGrainTimer RegisterTimer<TState>(
        Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        if (Current != this || IsGone)
        {
            throw new InvalidOperationException($"A timer of {this} can be registered in its own turns only.");
        }
        GrainTimer<TState> timer = new(this, callback, state, options);
        timer.Change(options.DueTime, options.Period);
        List<GrainTimer> timers = _timers ??= [];
        lock (timers)
        {
            timers.Add(timer);
        }
        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        List<GrainTimer>? timers = _timers;
        if (timers is not null)
        {
            lock (timers)
            {
                timers.Remove(timer);
            }
        }
    }

    protected override void Close() => _ = CloseAsync();

    private async Task OpenAsync()
    {
        try
        {
            using CancellationTokenSource limit = new(Host.Options.ActivationTimeout, Host.Time);
            _instance = _class.Construct(this, out PersistentState[] states);
            foreach (PersistentState state in states)
            {
                await state.ReadStateAsync().WaitAsync(limit.Token);
            }
            if (_instance is IGrainBase grain)
            {
                await grain.OnActivateAsync(limit.Token).WaitAsync(limit.Token);
            }
            _wasOpen = TryOpen();
        }
        catch (Exception exception)
        {
            Host.Log.ActivationFailed(exception, this);
            Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationFailed, exception, "Failed to activate grain."));
        }
        Release();
    }

    private async Task CloseAsync()
    {
        StopTimers();
        try
        {
            using CancellationTokenSource limit = new(Host.Options.DeactivationTimeout, Host.Time);
            using CancellationTokenRegistration hurry = Hurry.UnsafeRegister(
                static source => ((CancellationTokenSource)source!).Cancel(), limit);
            if (_wasOpen && _instance is IGrainBase grain)
            {
                await grain.OnDeactivateAsync(Reason, limit.Token).WaitAsync(limit.Token);
            }
        }
        catch (Exception exception)
        {
            Host.Log.DeactivationFailed(exception, this);
        }
        try
        {
            await DisposeAsync();
        }
        catch (Exception exception)
        {
            Host.Log.DeactivationFailed(exception, this);
        }
        TurnQueue waiting = Retire(killed: false);
        Vanish();
        while (waiting.Dequeue() is GrainCall call)
        {
            Redirect(call);
        }
    }

    /// <summary>Callers of a grain that failed to activate learn why; those of one that goes reach the next.</summary>
    private void Redirect(GrainCall call)
    {
        if (call.IsLocal)
        {
            return;
        }
        if (Reason.ReasonCode == DeactivationReasonCode.ActivationFailed && Reason.Exception is { } failure)
        {
            call.Fail(failure);
        }
        else
        {
            call.Dispatch(this);
        }
    }

    private async ValueTask DisposeAsync()
    {
        switch (_instance)
        {
            case IAsyncDisposable disposable:
                await disposable.DisposeAsync();
                break;
            case IDisposable disposable:
                disposable.Dispose();
                break;
        }
        await _services.DisposeAsync();
    }

    private void Vanish()
    {
        StopTimers();
        _class.Remove(this);
        // References remember the activation for longer than it lives, and must not keep the grain with it.
        _instance = null;
        if (_deactivated is { } deactivated)
        {
            if (Host.InlineTurns)
            {
                deactivated.TrySetResult();
            }
            else
            {
                Host.Scheduler.Schedule(new ScheduledAction(() => deactivated.TrySetResult()));
            }
        }
    }

    private void StopTimers()
    {
        List<GrainTimer>? timers = Interlocked.Exchange(ref _timers, null);
        if (timers is null)
        {
            return;
        }
        GrainTimer[] all;
        lock (timers)
        {
            all = [.. timers];
        }
        foreach (GrainTimer timer in all)
        {
            timer.Dispose();
        }
    }

    private sealed class OpeningTurn : Turn
    {
        public override void Run(Mailbox mailbox) => _ = ((Activation)mailbox).OpenAsync();
    }
}
