using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>What a caller learns of its call.</summary>
public static class CallScripts
{
    [Outcome("task: ends", "text: told", "value: ends", "number: 7")]
    public static async Task Results_reach_the_caller_by_every_kind_of_task(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        await grain.Run(async _ => await Task.Yield());
        stage.Note("task: ends");
        stage.Note($"text: {await grain.Ask(_ => Task.FromResult("told"))}");
        await grain.RunValue(async _ => await Task.Yield());
        stage.Note("value: ends");
        stage.Note($"number: {await grain.AskValue(_ => ValueTask.FromResult(7))}");
    }

    [Outcome(
        "at once: FormatException no", "late: FormatException no", "through another: FormatException no", "of a result: FormatException no",
        "inner: FormatException within", "the grain lives: True")]
    public static async Task An_exception_reaches_the_caller(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        object? before = null;
        await grain.Run(self =>
        {
            before = self;
            return Task.CompletedTask;
        });
        await NoteFailureAsync("at once", grain.Run(_ => throw new FormatException("no")));
        await NoteFailureAsync("late", grain.Run(async _ =>
        {
            await Task.Yield();
            throw new FormatException("no");
        }));
        await NoteFailureAsync("through another", stage.Plain("b").Run(_ => grain.Run(_ => throw new FormatException("no"))));
        await NoteFailureAsync("of a result", grain.Ask(_ => throw new FormatException("no")));
        Exception wrapped = await Assert.ThrowsAsync<InvalidOperationException>(
            () => grain.Run(_ => throw new InvalidOperationException("outside", new FormatException("within"))));
        stage.Note($"inner: {wrapped.InnerException?.GetType().Name} {wrapped.InnerException?.Message}");
        await grain.Run(self =>
        {
            stage.Note($"the grain lives: {ReferenceEquals(self, before)}");
            return Task.CompletedTask;
        });

        async Task NoteFailureAsync(string when, Task call)
        {
            FormatException e = await Assert.ThrowsAsync<FormatException>(() => call);
            stage.Note($"{when}: {e.GetType().Name} {e.Message}");
        }
    }

    [Outcome("TaskCanceledException", "canceled: True")]
    public static async Task A_cancelled_request_is_a_cancelled_call(ScriptStage stage)
    {
        Task call = stage.Plain("a").Run(_ => Task.FromCanceled(new CancellationToken(canceled: true)));
        try
        {
            await call;
        }
        catch (Exception e)
        {
            stage.Note(e.GetType().Name);
        }

        stage.Note($"canceled: {call.IsCanceled}");
    }

    [Outcome("told", "tell begins", "tell fails", "shouted", "shout begins", "shout fails", "the grain goes on")]
    public static async Task A_one_way_call_tells_its_caller_nothing(ScriptStage stage)
    {
        await CallAsync("told", "tell");
        await CallAsync("shouted", "shout");
        await stage.Plain("a").Run(_ => TurnScripts.NoteAsync(stage, "the grain goes on"));

        async Task CallAsync(string past, string present)
        {
            TaskCompletionSource gate = stage.NewSignal();
            TaskCompletionSource done = stage.NewSignal();
            if (present == "tell")
                await stage.Plain("a").Tell(FailLaterAsync);
            else
                stage.Plain("a").Shout(FailLaterAsync);
            stage.Note(past);
            gate.SetResult();
            await done.Task;

            async Task FailLaterAsync(ScriptedGrain grain)
            {
                await gate.Task;
                stage.Note($"{present} begins");
                await Task.Yield();
                stage.Note($"{present} fails");
                done.SetResult();
                throw new FormatException("nobody hears of it");
            }
        }
    }

    [Outcome("TimeoutException", "names the time: True", "names the method: True", "first ends", "the late answer: nobody heard it")]
    public static async Task A_caller_does_not_wait_for_ever(ScriptStage stage)
    {
        TaskCompletionSource gate = stage.NewSignal();
        Exception? late = null;
        try
        {
            await stage.Plain("slow").RunShort(async _ =>
            {
                await gate.Task;
                stage.Note("first ends");
            });
        }
        catch (TimeoutException e)
        {
            late = e;
        }

        stage.Note($"{late?.GetType().Name}");
        stage.Note($"names the time: {late!.Message.StartsWith("Response did not arrive on time in 00:00:01 for message: ", StringComparison.Ordinal)}");
        stage.Note($"names the method: {late.Message.Contains("RunShort", StringComparison.Ordinal)}");
        gate.SetResult();
        await stage.Plain("slow").Run(_ => Task.CompletedTask);
        stage.Note("the late answer: nobody heard it");
    }

    [Outcome("first begins", "waiting: TimeoutException", "first ends", "after them")]
    public static async Task A_call_whose_caller_gave_up_never_begins(ScriptStage stage)
    {
        (Task first, TaskCompletionSource gate) = await TurnScripts.OccupyAsync(stage, stage.Plain("a"));
        await stage.NoteEndAsync(stage.Plain("a").RunShort(_ => TurnScripts.NoteAsync(stage, "never")), "waiting");
        gate.SetResult();
        await first;
        await stage.Plain("a").Run(_ => TurnScripts.NoteAsync(stage, "after them"));
    }

    [Outcome("a hears 1", "b hears 1 of a", "the caller still has 1", "who comes later hears nothing")]
    public static async Task The_request_context_goes_with_a_call_and_does_not_come_back(ScriptStage stage)
    {
        RequestContext.Set("number", "1");
        await stage.Plain("a").Run(async _ =>
        {
            stage.Note($"a hears {RequestContext.Get("number")}");
            RequestContext.Set("number", "1 of a");
            await stage.Plain("b").Run(_ =>
            {
                stage.Note($"b hears {RequestContext.Get("number")}");
                return Task.CompletedTask;
            });
        });
        stage.Note($"the caller still has {RequestContext.Get("number")}");
        RequestContext.Clear();
        await stage.Plain("a").Run(_ =>
        {
            stage.Note($"who comes later hears {RequestContext.Get("number") ?? "nothing"}");
            return Task.CompletedTask;
        });
    }

    [Outcome("first begins", "first ends", "first has 1", "second hears nothing", "tick hears nothing")]
    public static async Task The_request_context_of_a_call_does_not_reach_what_runs_after_it(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        TaskCompletionSource ticked = stage.NewSignal();
        RequestContext.Set("number", "1");
        Task first = grain.Run(async self =>
        {
            stage.Note("first begins");
            self.StartTimer(
                _ =>
                {
                    stage.Note($"tick hears {RequestContext.Get("number") ?? "nothing"}");
                    ticked.SetResult();
                    return Task.CompletedTask;
                },
                TimeSpan.FromSeconds(1),
                Timeout.InfiniteTimeSpan);
            begun.SetResult();
            await gate.Task;
            stage.Note("first ends");
            stage.Note($"first has {RequestContext.Get("number")}");
        });
        RequestContext.Clear();
        await begun.Task;
        Task second = grain.Run(_ =>
        {
            stage.Note($"second hears {RequestContext.Get("number") ?? "nothing"}");
            return Task.CompletedTask;
        });
        await Task.Yield();
        gate.SetResult();
        await Task.WhenAll(first, second);
        await stage.PassAsync(grain, TimeSpan.FromSeconds(1.5));
        await ticked.Task;
    }
}
