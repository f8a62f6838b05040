using System.Collections.Concurrent;
using Broker.Orleans.Embedded;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Embedded;

public sealed class TurnTests : IAsyncDisposable
{
    private readonly GrainHostFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_second_request_waits_until_the_first_ends()
    {
        IScriptGrain grain = _fixture.Script();
        TaskCompletionSource gate = NewGate();
        ConcurrentQueue<string> order = new();
        Task first = grain.Run(async _ =>
        {
            order.Enqueue("first begins");
            await gate.Task;
            order.Enqueue("first ends");
        });
        Task second = grain.Run(_ =>
        {
            order.Enqueue("second");
            return Task.CompletedTask;
        });
        Assert.False(second.IsCompleted);
        gate.SetResult();
        await Task.WhenAll(first, second).WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(["first begins", "first ends", "second"], order);
    }

    [Fact]
    public async Task Requests_of_a_reentrant_grain_interleave()
    {
        IReentrantScriptGrain grain = _fixture.Reentrant();
        TaskCompletionSource gate = NewGate();
        Task first = grain.Run(_ => gate.Task);
        await grain.Run(_ =>
        {
            gate.SetResult();
            return Task.CompletedTask;
        }).WaitAsync(GrainHostFixture.Patience);
        await first.WaitAsync(GrainHostFixture.Patience);
    }

    [Fact]
    public async Task A_method_that_always_interleaves_begins_while_another_request_waits()
    {
        IScriptGrain grain = _fixture.Script();
        TaskCompletionSource gate = NewGate();
        Task first = grain.Run(_ => gate.Task);
        await grain.RunAlways(_ =>
        {
            gate.SetResult();
            return Task.CompletedTask;
        }).WaitAsync(GrainHostFixture.Patience);
        await first.WaitAsync(GrainHostFixture.Patience);
    }

    [Fact]
    public async Task Read_only_requests_interleave_with_each_other_and_with_nothing_else()
    {
        IScriptGrain grain = _fixture.Script();
        TaskCompletionSource gate = NewGate();
        bool written = false;
        Task firstRead = grain.Read(_ => gate.Task);
        Task write = grain.Run(_ =>
        {
            written = true;
            return Task.CompletedTask;
        });
        await grain.Read(_ => Task.CompletedTask).WaitAsync(GrainHostFixture.Patience);
        Assert.False(written);
        gate.SetResult();
        await Task.WhenAll(firstRead, write).WaitAsync(GrainHostFixture.Patience);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Turns_of_one_grain_never_run_in_parallel(bool inlineTurns)
    {
        await using GrainHostFixture fixture = new(options => options.InlineTurns = inlineTurns);
        int inside = 0;
        int most = 0;
        int unguarded = 0;

        async Task Script(ScriptGrain grain)
        {
            for (int i = 0; i < 4; i++)
            {
                most = Math.Max(most, Interlocked.Increment(ref inside));
                unguarded++;
                Interlocked.Decrement(ref inside);
                await Task.Yield();
            }
        }

        IEnumerable<Task> callers = Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            IScriptGrain grain = caller % 2 == 0 ? fixture.Reentrant() : fixture.Grains.GetGrain<IReentrantScriptGrain>("a");
            for (int i = 0; i < 200; i++)
            {
                await grain.Run(Script);
            }
        }));
        await Task.WhenAll(callers).WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(1, most);
        Assert.Equal(8 * 200 * 4, unguarded);
    }

    [Fact]
    public async Task The_code_after_an_await_runs_in_the_context_of_its_grain()
    {
        TaskCompletionSource gate = NewGate();
        Task<object?> asked = _fixture.Script("b").Ask(async grain =>
        {
            SynchronizationContext? before = SynchronizationContext.Current;
            await gate.Task;
            return before is not null && before == SynchronizationContext.Current && ReferenceEquals(grain.GrainContext, before);
        });
        await Task.Run(gate.SetResult);
        Assert.Equal(true, await asked.WaitAsync(GrainHostFixture.Patience));
    }

    [Fact]
    public async Task A_caller_goes_on_in_its_own_context_whichever_way_the_callee_answers()
    {
        TaskCompletionSource gate = NewGate();
        object? contexts = await _fixture.Script("caller").Ask(async grain =>
        {
            IScriptGrain callee = grain.Grains.GetGrain<IScriptGrain>("callee", typeof(ScriptGrain).FullName);
            SynchronizationContext? mine = SynchronizationContext.Current;
            await callee.Run(_ => Task.CompletedTask);
            bool afterAtOnce = mine == SynchronizationContext.Current;
            Task later = callee.Run(_ => gate.Task);
            gate.SetResult();
            await later;
            return (afterAtOnce, mine == SynchronizationContext.Current);
        }).WaitAsync(GrainHostFixture.Patience);
        Assert.Equal((true, true), contexts);
    }

    [Fact]
    public async Task A_caller_that_is_no_grain_never_goes_on_within_the_callees_turn()
    {
        IScriptGrain grain = _fixture.Script();
        TaskCompletionSource gate = new();
        Task call = grain.Run(_ => gate.Task);
        Task<SynchronizationContext?> seen = call.ContinueWith(
            _ => SynchronizationContext.Current,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        gate.SetResult();
        Assert.Null(await seen.WaitAsync(GrainHostFixture.Patience));
    }

    [Fact]
    public void A_call_to_an_idle_grain_runs_on_the_callers_thread()
    {
        IScriptGrain grain = _fixture.Script();
        UntilIdle(grain);
        SynchronizationContext? outside = SynchronizationContext.Current;
        int thread = 0;
        Task call = grain.Run(_ =>
        {
            thread = Environment.CurrentManagedThreadId;
            return Task.CompletedTask;
        });
        Assert.True(call.IsCompletedSuccessfully);
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
        Assert.Same(outside, SynchronizationContext.Current);
    }

    [Fact]
    public async Task Without_inline_turns_no_call_runs_on_the_callers_stack()
    {
        await using GrainHostFixture fixture = new(options => options.InlineTurns = false);
        IScriptGrain grain = fixture.Script();
        await grain.Run(_ => Task.CompletedTask);
        using ManualResetEventSlim returned = new();
        Task call = grain.Run(_ =>
        {
            Assert.True(returned.Wait(GrainHostFixture.Patience));
            return Task.CompletedTask;
        });
        returned.Set();
        await call.WaitAsync(GrainHostFixture.Patience);
    }

    [Fact]
    public async Task A_chain_of_calls_does_not_grow_the_stack_without_bound()
    {
        const int Length = 50;
        int deepest = 0;
        for (int i = 0; i <= Length; i++)
        {
            await _fixture.Script($"{i}").Run(_ => Task.CompletedTask);
        }

        Task Next(ScriptGrain grain)
        {
            deepest = Math.Max(deepest, Mailbox.InlineDepth);
            int next = int.Parse(grain.Key, null) + 1;
            return next > Length
                ? Task.CompletedTask
                : grain.Grains.GetGrain<IScriptGrain>($"{next}", typeof(ScriptGrain).FullName).Run(Next);
        }

        await _fixture.Script("0").Run(Next).WaitAsync(GrainHostFixture.Patience);
        Assert.InRange(deepest, 2, 8);
    }

    [Fact]
    public void A_caller_is_not_kept_busy_with_the_requests_of_others()
    {
        IScriptGrain grain = _fixture.Script();
        UntilIdle(grain);
        Task? second = null;
        int first = 0;
        int other = 0;
        using ManualResetEventSlim queued = new();
        Task call = grain.Run(_ =>
        {
            first = Environment.CurrentManagedThreadId;
            Task.Run(() =>
            {
                second = grain.Run(_ =>
                {
                    other = Environment.CurrentManagedThreadId;
                    return Task.CompletedTask;
                });
                queued.Set();
            });
            Assert.True(queued.Wait(GrainHostFixture.Patience));
            return Task.CompletedTask;
        });
        Assert.True(call.IsCompleted);
        Assert.Equal(Environment.CurrentManagedThreadId, first);
        // This thread does nothing else meanwhile, so the second request can only have run elsewhere.
        Assert.True(SpinWait.SpinUntil(() => second!.IsCompleted, GrainHostFixture.Patience));
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task An_exception_of_code_that_nobody_waits_for_does_not_end_the_process()
    {
        IScriptGrain grain = _fixture.Script();
        await grain.Run(_ =>
        {
            Explode();
            return Task.CompletedTask;

            static async void Explode()
            {
                await Task.Yield();
                throw new InvalidOperationException();
            }
        });
        await grain.Run(_ => Task.CompletedTask).WaitAsync(GrainHostFixture.Patience);
    }

    [Fact]
    public async Task A_grain_cannot_be_entered_synchronously()
    {
        await _fixture.Script().Run(_ =>
        {
            Assert.Throws<NotSupportedException>(() => SynchronizationContext.Current!.Send(_ => { }, null));
            return Task.CompletedTask;
        });
    }

    /// <summary>Only a grain whose last turn has ended runs a call at once.</summary>
    private static void UntilIdle(IScriptGrain grain) => Assert.True(SpinWait.SpinUntil(
        () => grain.Run(_ => Task.CompletedTask).IsCompletedSuccessfully, GrainHostFixture.Patience));

    private static TaskCompletionSource NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
