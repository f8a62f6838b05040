using System.Runtime.CompilerServices;
using Orleans;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Objects that grains call.</summary>
public static class ObserverScripts
{
    [Outcome("heard x", "answer: x answered", "through another grain: y answered")]
    public static async Task A_grain_can_call_an_observer_and_gets_its_answer(ScriptStage stage)
    {
        TaskCompletionSource heard = stage.NewSignal();
        Listener listener = new()
        {
            Hearing = text =>
            {
                stage.Note($"heard {text}");
                heard.SetResult();
            },
        };
        IListener reference = stage.Refer(listener);
        await stage.Plain("a").Run(_ =>
        {
            reference.Hear("x");
            return Task.CompletedTask;
        });
        await heard.Task;
        stage.Note($"answer: {await stage.Plain("a").AskListener(reference, "x")}");
        stage.Note($"through another grain: {await stage.Plain("a").Ask(_ => stage.Plain("b").AskListener(reference, "y"))}");
    }

    [Outcome("first begins", "always", "first ends", "second")]
    public static async Task Calls_to_an_observer_are_made_one_after_the_other_unless_they_always_interleave(ScriptStage stage)
    {
        TaskCompletionSource begun = stage.NewSignal();
        TaskCompletionSource gate = stage.NewSignal();
        Listener listener = new()
        {
            Answering = async text =>
            {
                if (text == "first")
                {
                    stage.Note("first begins");
                    begun.SetResult();
                    await gate.Task;
                    text = "first ends";
                }

                stage.Note(text);
                return text;
            },
        };
        IListener reference = stage.Refer(listener);
        Task first = reference.Answer("first");
        await begun.Task;
        Task second = reference.Answer("second");
        await reference.AnswerAlways("always");
        gate.SetResult();
        await Task.WhenAll(first, second);
    }

    [Outcome("at once: FormatException", "late: FormatException", "next: ends")]
    public static async Task An_exception_of_an_observer_reaches_its_caller(ScriptStage stage)
    {
        Listener listener = new() { Answering = _ => throw new FormatException("no") };
        IListener reference = stage.Refer(listener);
        await stage.NoteEndAsync(stage.Plain("a").AskListener(reference, "x"), "at once");
        listener.Answering = async _ =>
        {
            await Task.Yield();
            throw new FormatException("no");
        };
        await stage.NoteEndAsync(stage.Plain("a").AskListener(reference, "x"), "late");
        listener.Answering = Task.FromResult;
        await stage.Plain("a").AskListener(reference, "x");
        stage.Note("next: ends");
    }

    [Outcome("next heard", "answer: TimeoutException")]
    public static async Task An_observer_that_fails_in_a_one_way_call_goes_on_and_one_that_is_slow_is_not_waited_for(ScriptStage stage)
    {
        TaskCompletionSource heard = stage.NewSignal();
        Listener listener = new()
        {
            Hearing = text =>
            {
                if (text == "fail")
                    throw new FormatException("nobody hears of it");
                stage.Note($"{text} heard");
                heard.SetResult();
            },
            Answering = _ => new TaskCompletionSource<string>().Task,
        };
        IListener reference = stage.Refer(listener);
        reference.Hear("fail");
        await stage.PassAsync(stage.Plain("a"), TimeSpan.FromSeconds(1));
        reference.Hear("next");
        await heard.Task;
        await stage.NoteEndAsync(stage.Plain("a").AskListener(reference, "x"), "answer");
    }

    [Outcome("deleted: TimeoutException", "the other reference: x answered", "twice: ArgumentException")]
    public static async Task A_deleted_observer_answers_no_more(ScriptStage stage)
    {
        Listener listener = new();
        IListener reference = stage.Refer(listener);
        IListener other = stage.Refer(listener);
        stage.Grains.DeleteObjectReference<IListener>(reference);
        await stage.NoteEndAsync(stage.Plain("a").AskListener(reference, "x"), "deleted");
        stage.Note($"the other reference: {await stage.Plain("a").AskListener(other, "x")}");
        stage.Note($"twice: {Assert.ThrowsAny<Exception>(() => stage.Grains.DeleteObjectReference<IListener>(reference)).GetType().Name}");
    }

    [Outcome("answer: TimeoutException")]
    public static async Task An_observer_is_held_weakly(ScriptStage stage)
    {
        IListener reference = ReferToNobody(stage);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        await stage.NoteEndAsync(stage.Plain("a").AskListener(reference, "x"), "answer");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static IListener ReferToNobody(ScriptStage stage) => stage.Grains.CreateObjectReference<IListener>(new Listener());

    private sealed class Listener : IListener
    {
        public Func<string, Task<string>> Answering { get; set; } = text => Task.FromResult($"{text} answered");

        public Action<string> Hearing { get; init; } = _ => { };

        public Task<string> Answer(string text) => Answering(text);

        public Task<string> AnswerAlways(string text) => Answering(text);

        public void Hear(string text) => Hearing(text);
    }
}
