namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>How grains come and go.</summary>
public static class ActivationScripts
{
    [Outcome("activates", "ran before it was active: 0", "ran: 20 in 1 activation")]
    public static async Task First_calls_at_once_wait_for_one_activation(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        int ran = 0;
        HashSet<object> activations = [];
        stage.Hooks(grain).Activating = async _ =>
        {
            stage.Note("activates");
            begun.SetResult();
            await gate.Task;
        };
        Task[] calls = [.. Enumerable.Range(0, 20).Select(_ => grain.Run(self =>
        {
            ran++;
            activations.Add(self);
            return Task.CompletedTask;
        }))];
        await begun.Task;
        await stage.PassAsync(stage.Plain("b"), TimeSpan.FromSeconds(1));
        stage.Note($"ran before it was active: {ran}");
        gate.SetResult();
        await Task.WhenAll(calls);
        stage.Note($"ran: {ran} in {activations.Count} activation");
    }

    [Outcome("activation 1", "first: InvalidOperationException no store", "second: InvalidOperationException no store", "activation 2", "third runs")]
    public static async Task An_activation_that_fails_fails_who_waits_for_it_and_the_next_call_makes_another(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        TaskCompletionSource gate = stage.NewSignal();
        TaskCompletionSource begun = stage.NewSignal();
        int activations = 0;
        stage.Hooks(grain).Activating = async _ =>
        {
            stage.Note($"activation {++activations}");
            if (activations > 1)
                return;
            begun.SetResult();
            await gate.Task;
            throw new InvalidOperationException("no store");
        };
        stage.Hooks(grain).Deactivating = (_, reason) => TurnScripts.NoteAsync(stage, $"deactivates {reason.ReasonCode}");
        Task first = grain.Run(_ => TurnScripts.NoteAsync(stage, "never"));
        // A call to an activation that is there waits at once; one that is sent before may come after it has failed.
        await begun.Task;
        Task second = grain.Run(_ => TurnScripts.NoteAsync(stage, "never"));
        await stage.PassAsync(stage.Plain("b"), TimeSpan.FromSeconds(1));
        gate.SetResult();
        await NoteFailureAsync(stage, "first", first);
        await NoteFailureAsync(stage, "second", second);
        await grain.Run(_ => TurnScripts.NoteAsync(stage, "third runs"));
    }

    [Outcome("first: InvalidOperationException", "second runs")]
    public static async Task A_constructor_that_fails_fails_the_caller(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        stage.Hooks(grain).Constructing = () => throw new FormatException("no parts");
        await stage.NoteEndAsync(grain.Run(_ => TurnScripts.NoteAsync(stage, "never")), "first");
        stage.Hooks(grain).Constructing = null;
        await grain.Run(_ => TurnScripts.NoteAsync(stage, "second runs"));
    }

    [Outcome("activates", "first goes on", "deactivates ApplicationRequested", "activates", "second, in the same: False")]
    public static async Task A_grain_is_deactivated_when_its_request_has_ended(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        NoteLife(stage, grain);
        object? before = null;
        await grain.Run(self =>
        {
            before = self;
            self.DeactivateSoon();
            stage.Note("first goes on");
            return Task.CompletedTask;
        });
        await grain.Run(self => TurnScripts.NoteAsync(stage, $"second, in the same: {ReferenceEquals(self, before)}"));
    }

    [Outcome("activates", "first begins", "is to go", "first ends", "deactivates ApplicationRequested", "activates", "late")]
    public static async Task Requests_that_run_end_before_their_grain_goes_and_what_comes_late_runs_in_the_next(ScriptStage stage)
    {
        IScripted grain = stage.Reentrant("a");
        NoteLife(stage, grain);
        (Task first, TaskCompletionSource gate) = await TurnScripts.OccupyAsync(stage, grain);
        await grain.Run(self =>
        {
            self.DeactivateSoon();
            stage.Note("is to go");
            return Task.CompletedTask;
        });
        Task late = grain.RunAlways(_ => TurnScripts.NoteAsync(stage, "late"));
        await stage.PassAsync(stage.Plain("b"), TimeSpan.FromSeconds(1));
        gate.SetResult();
        await Task.WhenAll(first, late);
    }

    [Outcome("activation 1", "deactivates", "gone", "activation 2", "late")]
    public static async Task A_call_made_while_a_grain_goes_waits_for_the_next(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        TaskCompletionSource going = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        int activations = 0;
        stage.Hooks(grain).Activating = _ => TurnScripts.NoteAsync(stage, $"activation {++activations}");
        stage.Hooks(grain).Deactivating = async (_, _) =>
        {
            stage.Note("deactivates");
            going.SetResult();
            await gate.Task;
            stage.Note("gone");
        };
        await grain.Run(self =>
        {
            self.DeactivateSoon();
            return Task.CompletedTask;
        });
        await going.Task;
        Task late = grain.RunAlways(_ => TurnScripts.NoteAsync(stage, "late"));
        await stage.PassAsync(stage.Plain("b"), TimeSpan.FromSeconds(1));
        gate.SetResult();
        await late;
    }

    [Outcome("deactivates and fails", "next runs")]
    public static async Task A_deactivation_that_fails_ends_all_the_same(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        stage.Hooks(grain).Deactivating = (_, _) =>
        {
            stage.Note("deactivates and fails");
            throw new InvalidOperationException("no store");
        };
        await grain.Run(self =>
        {
            self.DeactivateSoon();
            return Task.CompletedTask;
        });
        await grain.Run(_ => TurnScripts.NoteAsync(stage, "next runs"));
    }

    [Outcome("activation 1", "activation 2", "the call runs")]
    public static async Task A_grain_that_wants_to_go_before_it_is_active_serves_nobody_and_is_not_deactivated(ScriptStage stage)
    {
        IScripted grain = stage.Plain("a");
        int activations = 0;
        stage.Hooks(grain).Activating = self =>
        {
            stage.Note($"activation {++activations}");
            if (activations == 1)
                self.DeactivateSoon();
            return Task.CompletedTask;
        };
        stage.Hooks(grain).Deactivating = (_, reason) => TurnScripts.NoteAsync(stage, $"deactivates {reason.ReasonCode}");
        await grain.Run(_ => TurnScripts.NoteAsync(stage, "the call runs"));
    }

    private static void NoteLife(ScriptStage stage, IScripted grain)
    {
        stage.Hooks(grain).Activating = _ => TurnScripts.NoteAsync(stage, "activates");
        stage.Hooks(grain).Deactivating = (_, reason) => TurnScripts.NoteAsync(stage, $"deactivates {reason.ReasonCode}");
    }

    private static async Task NoteFailureAsync(ScriptStage stage, string which, Task call)
    {
        Exception e = await Assert.ThrowsAnyAsync<Exception>(() => call);
        stage.Note($"{which}: {e.GetType().Name} {e.Message}");
    }
}
