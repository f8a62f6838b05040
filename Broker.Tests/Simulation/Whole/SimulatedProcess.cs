namespace Broker.Tests.Simulation.Whole;

/// <summary>
/// The code of a process that is no grain. It runs among all else that the simulation runs, after awaits and from timers too; once the process is killed,
/// none of it runs any more.
/// </summary>
internal sealed class SimulatedProcess : SynchronizationContext
{
    private readonly SeededScheduler _scheduler;
    private readonly string _name;

    public SimulatedProcess(SeededScheduler scheduler, VirtualTimeProvider time, string name)
    {
        _scheduler = scheduler;
        _name = name;
        Time = new Clock(this, time);
    }

    public bool IsAlive { get; private set; } = true;

    /// <summary>The clock, whose timers call within the process.</summary>
    public TimeProvider Time { get; }

    public void Kill() => IsAlive = false;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsAlive)
            _scheduler.Schedule(new Piece(this, d, state));
    }

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs code of the process; the task never ends when the process is killed before.</summary>
    public Task RunAsync(Func<Task> code)
    {
        TaskCompletionSource done = new();
        Post(_ => _ = RunAsync(code, done), null);
        return done.Task;
    }

    private static async Task RunAsync(Func<Task> code, TaskCompletionSource done)
    {
        try
        {
            await code();
            done.SetResult();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            done.SetException(e);
        }
    }

    private sealed class Piece(SimulatedProcess process, SendOrPostCallback code, object? state) : IThreadPoolWorkItem
    {
        public void Execute()
        {
            if (!process.IsAlive)
                return;
            SetSynchronizationContext(process);
            code(state);
        }

        public override string ToString() => process._name;
    }

    private sealed class Clock(SimulatedProcess process, VirtualTimeProvider time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override TimeZoneInfo LocalTimeZone => time.LocalTimeZone;

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(_ => process.Post(new SendOrPostCallback(callback), state), null, dueTime, period);
    }
}
