namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>What may run beside what.</summary>
public static class TurnScripts
{
    [Outcome("first begins", "first ends", "second")]
    public static async Task A_second_request_waits_until_the_first_ends(ScriptStage stage)
    {
        (Task first, TaskCompletionSource gate) = await OccupyAsync(stage, stage.Plain("a"));
        Task second = stage.Plain("a").Run(_ => NoteAsync(stage, "second"));
        await stage.PassAsync(stage.Plain("a"), TimeSpan.FromSeconds(1));
        gate.SetResult();
        await Task.WhenAll(first, second);
    }

    [Outcome("first begins", "second", "first ends")]
    public static async Task Requests_of_a_reentrant_grain_interleave(ScriptStage stage)
    {
        (Task first, TaskCompletionSource gate) = await OccupyAsync(stage, stage.Reentrant("a"));
        await stage.Reentrant("a").Run(_ => NoteAsync(stage, "second"));
        gate.SetResult();
        await first;
    }

    [Outcome("first begins", "second", "first ends")]
    public static async Task A_method_that_always_interleaves_begins_while_another_request_runs(ScriptStage stage)
    {
        (Task first, TaskCompletionSource gate) = await OccupyAsync(stage, stage.Plain("a"));
        await stage.Plain("a").RunAlways(_ => NoteAsync(stage, "second"));
        gate.SetResult();
        await first;
    }

    [Outcome("always begins", "plain", "always ends")]
    public static async Task A_request_begins_while_one_runs_that_always_interleaves(ScriptStage stage)
    {
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        Task always = stage.Plain("a").RunAlways(async _ =>
        {
            stage.Note("always begins");
            begun.SetResult();
            await gate.Task;
            stage.Note("always ends");
        });
        await begun.Task;
        await stage.Plain("a").Run(_ => NoteAsync(stage, "plain"));
        gate.SetResult();
        await always;
    }

    [Outcome("first read begins", "second read", "first read ends", "write")]
    public static async Task Reads_interleave_with_reads_and_with_nothing_else(ScriptStage stage)
    {
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        Task first = stage.Plain("a").Read(async _ =>
        {
            stage.Note("first read begins");
            begun.SetResult();
            await gate.Task;
            stage.Note("first read ends");
        });
        await begun.Task;
        Task write = stage.Plain("a").Run(_ => NoteAsync(stage, "write"));
        await stage.PassAsync(stage.Plain("a"), TimeSpan.FromSeconds(1));
        await stage.Plain("a").Read(_ => NoteAsync(stage, "second read"));
        gate.SetResult();
        await Task.WhenAll(first, write);
    }

    [Outcome("first begins", "first ends", "read")]
    public static async Task A_read_waits_for_a_request_that_may_write(ScriptStage stage)
    {
        (Task first, TaskCompletionSource gate) = await OccupyAsync(stage, stage.Plain("a"));
        Task read = stage.Plain("a").Read(_ => NoteAsync(stage, "read"));
        await stage.PassAsync(stage.Plain("a"), TimeSpan.FromSeconds(1));
        gate.SetResult();
        await Task.WhenAll(first, read);
    }

    [Outcome("at most 1 at once, 80 in all")]
    public static async Task Turns_of_one_grain_never_overlap(ScriptStage stage)
    {
        int inside = 0;
        int most = 0;
        int all = 0;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => stage.Reentrant("a").Run(async _ =>
        {
            for (int i = 0; i < 4; i++)
            {
                most = Math.Max(most, Interlocked.Increment(ref inside));
                all++;
                Interlocked.Decrement(ref inside);
                await Task.Yield();
            }
        })));
        stage.Note($"at most {most} at once, {all} in all");
    }

    [Outcome("own scheduler: True", "same after a signal: True", "same after a call: True", "same in a task of its own: True", "not the other grain's: True")]
    public static async Task The_code_after_an_await_runs_as_a_turn_of_its_grain(ScriptStage stage)
    {
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        TaskScheduler? other = null;
        Task call = stage.Plain("a").Run(async grain =>
        {
            TaskScheduler own = TaskScheduler.Current;
            stage.Note($"own scheduler: {own != TaskScheduler.Default}");
            begun.SetResult();
            await gate.Task;
            stage.Note($"same after a signal: {own == TaskScheduler.Current}");
            await stage.Plain("b").Run(_ =>
            {
                other = TaskScheduler.Current;
                return Task.CompletedTask;
            });
            stage.Note($"same after a call: {own == TaskScheduler.Current}");
            await Task.Factory.StartNew(() => stage.Note($"same in a task of its own: {own == TaskScheduler.Current}"));
            stage.Note($"not the other grain's: {own != other}");
        });
        await begun.Task;
        gate.SetResult();
        await call;
    }

    [Outcome("a calls b", "b calls a: TimeoutException", "a is free again")]
    public static async Task A_grain_that_calls_itself_through_another_waits_until_the_time_is_up(ScriptStage stage)
    {
        IScripted a = stage.Plain("a");
        IScripted b = stage.Plain("b");
        await a.Run(_ =>
        {
            stage.Note("a calls b");
            return b.Run(_ => stage.NoteEndAsync(a.RunShort(_ => NoteAsync(stage, "never")), "b calls a"));
        });
        await a.Run(_ => NoteAsync(stage, "a is free again"));
    }

    [Outcome("a calls b", "b calls a", "b ends")]
    public static async Task A_reentrant_grain_can_call_itself_through_another(ScriptStage stage)
    {
        IScripted a = stage.Reentrant("a");
        IScripted b = stage.Plain("b");
        await a.Run(_ =>
        {
            stage.Note("a calls b");
            return stage.NoteEndAsync(b.Run(_ => a.Run(_ => NoteAsync(stage, "b calls a"))), "b");
        });
    }

    /// <summary>Gives a grain something to run until a signal is given.</summary>
    internal static async Task<(Task Call, TaskCompletionSource Gate)> OccupyAsync(ScriptStage stage, IScripted grain)
    {
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        Task call = grain.Run(async _ =>
        {
            stage.Note("first begins");
            begun.SetResult();
            await gate.Task;
            stage.Note("first ends");
        });
        await begun.Task;
        return (call, gate);
    }

    internal static Task NoteAsync(ScriptStage stage, string line)
    {
        stage.Note(line);
        return Task.CompletedTask;
    }
}
