using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>When timers of grains tick.</summary>
public static class TimerScripts
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Outcome("1 tick True", "3 tick True", "5 tick True")]
    public static async Task A_timer_ticks_as_turns_of_its_grain(ScriptStage stage)
    {
        IGrainTimer timer = await StartAsync(stage, grain =>
        {
            TaskScheduler own = TaskScheduler.Current;
            return grain.StartTimer(_ => NoteAtAsync(stage, $"tick {own == TaskScheduler.Current}"), Second, 2 * Second);
        });
        await stage.PassAsync(stage.Plain("a"), 5.5 * Second);
        timer.Dispose();
    }

    [Outcome("interleaves", "request ends", "waits")]
    public static async Task A_tick_waits_for_the_request_that_runs_unless_it_interleaves(ScriptStage stage)
    {
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        Task call = stage.Plain("a").Run(async grain =>
        {
            grain.StartTimer(_ => TurnScripts.NoteAsync(stage, "waits"), Second, Timeout.InfiniteTimeSpan);
            grain.StartTimer(_ => TurnScripts.NoteAsync(stage, "interleaves"), Second, Timeout.InfiniteTimeSpan, interleaves: true);
            begun.SetResult();
            await gate.Task;
            stage.Note("request ends");
        });
        await begun.Task;
        await stage.PassAsync(stage.Plain("a"), 2 * Second);
        gate.SetResult();
        await call;
        await stage.PassAsync(stage.Plain("a"), Second);
    }

    [Outcome("1 tick begins", "request")]
    public static async Task A_request_waits_for_a_tick_that_runs(ScriptStage stage)
    {
        TaskCompletionSource gate = stage.NewSignal();
        await StartAsync(stage, grain => grain.StartTimer(
            async _ =>
            {
                stage.NoteAt("tick begins");
                await gate.Task;
            },
            Second,
            Timeout.InfiniteTimeSpan));
        await stage.PassAsync(stage.Plain("a"), 1.5 * Second);
        Task call = stage.Plain("a").Run(_ => TurnScripts.NoteAsync(stage, "request"));
        await stage.PassAsync(stage.Plain("a"), Second);
        Assert.False(call.IsCompleted);
        gate.SetResult();
        await call;
    }

    [Outcome("1 tick", "6.5 tick")]
    public static async Task The_next_tick_is_due_a_period_after_the_one_before_has_ended(ScriptStage stage)
    {
        TaskCompletionSource gate = stage.NewSignal();
        IGrainTimer timer = await StartAsync(stage, grain => grain.StartTimer(
            async _ =>
            {
                stage.NoteAt("tick");
                await gate.Task;
            },
            Second,
            Second));
        await stage.PassAsync(stage.Plain("a"), 5.5 * Second);
        gate.SetResult();
        await stage.PassAsync(stage.Plain("a"), 1.5 * Second);
        timer.Dispose();
    }

    [Outcome("1 tick", "2 tick")]
    public static async Task A_timer_that_fails_goes_on(ScriptStage stage)
    {
        IGrainTimer timer = await StartAsync(stage, grain => grain.StartTimer(
            async _ =>
            {
                stage.NoteAt("tick");
                await Task.Yield();
                throw new FormatException("nobody hears of it");
            },
            Second,
            Second));
        await stage.PassAsync(stage.Plain("a"), 2.5 * Second);
        timer.Dispose();
    }

    [Outcome("3 tick", "8 tick", "9 tick", "no time below zero: ArgumentOutOfRangeException")]
    public static async Task A_change_starts_a_timer_anew_and_within_a_tick_takes_effect_after_it(ScriptStage stage)
    {
        int ticks = 0;
        IGrainTimer timer = null!;
        timer = await StartAsync(stage, grain => grain.StartTimer(
            _ =>
            {
                if (ticks++ == 0)
                    timer.Change(5 * Second, Second);
                return NoteAtAsync(stage, "tick");
            },
            Timeout.InfiniteTimeSpan,
            Second));
        await stage.PassAsync(stage.Plain("a"), 2 * Second);
        timer.Change(Second, Second);
        await stage.PassAsync(stage.Plain("a"), 7.5 * Second);
        stage.Note($"no time below zero: {Assert.ThrowsAny<Exception>(() => timer.Change(-5 * Second, Second)).GetType().Name}");
        timer.Dispose();
    }

    [Outcome("1 tick", "stopped: True")]
    public static async Task A_timer_ends_when_it_is_disposed_of(ScriptStage stage)
    {
        CancellationToken stopped = default;
        IGrainTimer timer = await StartAsync(stage, grain => grain.StartTimer(
            token =>
            {
                stopped = token;
                return NoteAtAsync(stage, "tick");
            },
            Second,
            Second));
        await stage.PassAsync(stage.Plain("a"), 1.5 * Second);
        timer.Dispose();
        timer.Dispose();
        timer.Change(Second, Second);
        await stage.PassAsync(stage.Plain("a"), 5 * Second);
        stage.Note($"stopped: {stopped.IsCancellationRequested}");
    }

    [Outcome("disposed of")]
    public static async Task A_tick_that_waits_does_not_come_once_its_timer_is_disposed_of(ScriptStage stage)
    {
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        Task call = stage.Plain("a").Run(async grain =>
        {
            IGrainTimer timer = grain.StartTimer(_ => TurnScripts.NoteAsync(stage, "tick"), Second, Second);
            begun.SetResult();
            await gate.Task;
            timer.Dispose();
            stage.Note("disposed of");
        });
        await begun.Task;
        await stage.PassAsync(stage.Plain("a"), 1.5 * Second);
        gate.SetResult();
        await call;
        await stage.PassAsync(stage.Plain("a"), 5 * Second);
    }

    [Outcome("1 tick", "gone")]
    public static async Task A_timer_ends_with_its_activation(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        TaskCompletionSource gone = stage.NewSignal();
        stage.Hooks(grain).Deactivating = (_, _) =>
        {
            stage.Note("gone");
            gone.TrySetResult();
            return Task.CompletedTask;
        };
        await StartAsync(stage, self => self.StartTimer(_ => NoteAtAsync(stage, "tick"), Second, Second));
        await stage.PassAsync(grain, 1.5 * Second);
        await grain.Run(self =>
        {
            self.DeactivateSoon();
            return Task.CompletedTask;
        });
        await gone.Task;
        await stage.PassAsync(stage.Plain("b"), 5 * Second);
    }

    [Outcome("is to go", "tick", "request ends", "gone")]
    public static async Task A_timer_ticks_until_the_last_request_of_its_grain_has_ended(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        TaskCompletionSource ticked = stage.NewSignal();
        TaskCompletionSource gone = stage.NewSignal();
        stage.Hooks(grain).Deactivating = (_, _) =>
        {
            stage.Note("gone");
            gone.TrySetResult();
            return Task.CompletedTask;
        };
        Task call = grain.Run(async self =>
        {
            self.StartTimer(
                _ =>
                {
                    stage.Note("tick");
                    ticked.SetResult();
                    return Task.CompletedTask;
                },
                Second,
                Timeout.InfiniteTimeSpan,
                interleaves: true);
            self.DeactivateSoon();
            stage.Note("is to go");
            begun.SetResult();
            await gate.Task;
            stage.Note("request ends");
        });
        await begun.Task;
        await stage.PassAsync(stage.Plain("b"), 2 * Second);
        await ticked.Task;
        gate.SetResult();
        await call;
        await gone.Task;
    }

    [Outcome("refused")]
    public static async Task A_timer_can_be_registered_in_turns_of_its_grain_only(ScriptStage stage)
    {
        ScriptedGrain grain = null!;
        await stage.Plain("a").Run(self =>
        {
            grain = self;
            return Task.CompletedTask;
        });
        Assert.Throws<InvalidOperationException>(() => grain.StartTimer(_ => Task.CompletedTask, Second, Second));
        stage.Note("refused");
    }

    private static async Task<IGrainTimer> StartAsync(ScriptStage stage, Func<ScriptedGrain, IGrainTimer> start)
    {
        IGrainTimer timer = null!;
        await stage.Plain("a").Run(grain =>
        {
            timer = start(grain);
            return Task.CompletedTask;
        });
        return timer;
    }

    private static Task NoteAtAsync(ScriptStage stage, string line)
    {
        stage.NoteAt(line);
        return Task.CompletedTask;
    }
}
