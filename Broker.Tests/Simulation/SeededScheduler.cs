using System.Runtime.ExceptionServices;

namespace Broker.Tests.Simulation;

/// <summary>
/// Runs all work of a simulation on the thread that made it, in an order drawn from a seed. Two runs from one seed run
/// the same work in the same order, which <see cref="Trace"/> proves.
/// </summary>
/// <remarks>
/// What is not a grain (a client, a simulated disk) belongs here too: start it by <see cref="Start"/>, and its code
/// after an await is work like any other.
/// </remarks>
public sealed class SeededScheduler
{
    private readonly Random _random;
    private readonly VirtualTimeProvider _time;
    private readonly Context _context;
    private readonly List<IThreadPoolWorkItem> _runnable = [];
    private readonly List<Exception> _failures = [];
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private bool _isRunning;

    public SeededScheduler(int seed, VirtualTimeProvider time)
    {
        _random = new Random(seed);
        _time = time;
        _context = new Context(this);
    }

    /// <summary>A hash of what ran so far: the kinds of work, their order, and the time at which they ran.</summary>
    public ulong Trace { get; private set; } = 14695981039346656037;

    /// <summary>How many pieces of work ran so far.</summary>
    public long Steps { get; private set; }

    /// <summary>How many pieces of work could run now.</summary>
    public int Runnable => _runnable.Count;

    public void Schedule(IThreadPoolWorkItem work)
    {
        // Work from another thread comes at a moment that no seed decides: something escaped to the thread pool.
        if (Environment.CurrentManagedThreadId != _thread)
        {
            InvalidOperationException escaped = new($"{work.GetType()} was scheduled from outside of the simulation's thread.");
            lock (_failures)
            {
                _failures.Add(escaped);
            }
            throw escaped;
        }
        _runnable.Add(work);
    }

    /// <exception cref="InvalidOperationException">The code that asks is not run by this scheduler.</exception>
    public void ThrowIfOutside(string what)
    {
        if (!_isRunning)
            throw new InvalidOperationException($"{what} by code that the scheduler does not run: start it by {nameof(Start)} or {nameof(Run)}.");
    }

    /// <summary>Runs code that is not a grain's.</summary>
    /// <returns>What it returned; faulted or not, it is the caller's to look at.</returns>
    public Task Start(Func<Task> code)
    {
        TaskCompletionSource done = new();
        Schedule(new Posted(this, () => _ = RunAsync()));
        return done.Task;

        async Task RunAsync()
        {
            try
            {
                await code();
                done.SetResult();
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        }
    }

    /// <summary>Runs code that is not a grain's to its end, and lets time pass where everything waits for it.</summary>
    /// <exception cref="InvalidOperationException">It waits for something that never comes.</exception>
    public void Run(Func<Task> code)
    {
        Task done = Start(code);
        RunUntil(() => done.IsCompleted);
        done.GetAwaiter().GetResult();
    }

    /// <inheritdoc cref="Run(Func{Task})"/>
    public TResult Run<TResult>(Func<Task<TResult>> code)
    {
        TResult result = default!;
        Run(async () => { result = await code(); });
        return result;
    }

    /// <summary>Runs until nothing can run without time passing.</summary>
    public void RunUntilIdle()
    {
        while (Step())
        {
        }
    }

    /// <summary>Runs until nothing can run, then goes to the next timer and runs what it brings.</summary>
    /// <returns>False when no timer is set.</returns>
    public bool RunToNextTimer()
    {
        RunUntilIdle();
        if (_time.UntilNextTimer is not { } wait)
        {
            return false;
        }
        _time.Advance(wait);
        RunUntilIdle();
        return true;
    }

    /// <summary>Runs everything that comes within a time, and lets it pass.</summary>
    public void RunFor(TimeSpan duration)
    {
        TimeSpan end = _time.Elapsed + duration;
        RunUntilIdle();
        while (_time.UntilNextTimer is { } wait && _time.Elapsed + wait <= end)
        {
            _time.Advance(wait);
            RunUntilIdle();
        }
        _time.Advance(end - _time.Elapsed);
    }

    /// <summary>Runs, and lets time pass where everything waits for it, until the condition holds.</summary>
    /// <exception cref="InvalidOperationException">Nothing can run, no timer is set, and it does not hold.</exception>
    public void RunUntil(Func<bool> condition)
    {
        while (!condition())
        {
            if (Step())
            {
                continue;
            }
            if (_time.UntilNextTimer is not { } wait)
            {
                throw new InvalidOperationException("The simulation waits for something that never comes.");
            }
            _time.Advance(wait);
        }
    }

    /// <summary>Runs one piece of work.</summary>
    /// <returns>False when there is none.</returns>
    public bool Step()
    {
        ThrowIfFailed();
        if (_runnable.Count == 0)
        {
            return false;
        }
        int pick = _random.Next(_runnable.Count);
        IThreadPoolWorkItem work = _runnable[pick];
        _runnable.RemoveAt(pick);
        Note(work);
        SynchronizationContext? outside = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        bool wasRunning = _isRunning;
        _isRunning = true;
        try
        {
            work.Execute();
        }
        finally
        {
            _isRunning = wasRunning;
            SynchronizationContext.SetSynchronizationContext(outside);
        }
        ThrowIfFailed();
        return true;
    }

    private void Note(IThreadPoolWorkItem work)
    {
        Steps++;
        foreach (char letter in $"{_time.Elapsed.Ticks} {work.GetType().Name} {work}")
        {
            Trace = (Trace ^ letter) * 1099511628211;
        }
    }

    private void ThrowIfFailed()
    {
        lock (_failures)
        {
            if (_failures.Count > 0)
            {
                ExceptionDispatchInfo.Throw(_failures[0]);
            }
        }
    }

    /// <summary>Code that is not a grain's, and what comes after its awaits.</summary>
    private sealed class Posted(SeededScheduler scheduler, Action action) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            SynchronizationContext.SetSynchronizationContext(scheduler._context);
            action();
        }

        public override string ToString() => "";
    }

    private sealed class Context(SeededScheduler scheduler) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) =>
            scheduler.Schedule(new Posted(scheduler, () => d(state)));

        public override SynchronizationContext CreateCopy() => this;
    }
}
