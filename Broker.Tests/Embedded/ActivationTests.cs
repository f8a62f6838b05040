using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Embedded;

public sealed class ActivationTests : IAsyncDisposable
{
    private readonly GrainHostFixture _fixture = new();

    public interface IBareGrain : IGrainWithStringKey
    {
        Task<string> Name();
    }

    private GrainJournal Journal => _fixture.Journal;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_key_has_one_activation_however_many_call_at_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _fixture.Script().Run(_ => Task.CompletedTask))))
            .WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(["+a"], Journal.Entries);
        Assert.Equal(1, _fixture.Host.ActivationCount);
    }

    [Fact]
    public async Task Different_keys_and_classes_have_different_activations()
    {
        await _fixture.Script("a").Run(_ => Task.CompletedTask);
        await _fixture.Script("b").Run(_ => Task.CompletedTask);
        await _fixture.Reentrant("a").Run(_ => Task.CompletedTask);
        Assert.Equal(3, _fixture.Host.ActivationCount);
    }

    [Fact]
    public async Task The_first_calls_wait_until_the_grain_is_active()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Journal.Activating = (_, _) => gate.Task;
        Task first = _fixture.Reentrant().Run(_ => Record("first"));
        Task second = _fixture.Reentrant().RunAlways(_ => Record("second"));
        gate.SetResult();
        await Task.WhenAll(first, second).WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(["+a", "first", "second"], Journal.Entries);
    }

    [Fact]
    public async Task A_failed_activation_fails_its_callers_and_the_next_call_makes_a_new_one()
    {
        Journal.Activating = (_, _) => throw new FormatException("not now");
        Task first = _fixture.Script().Run(_ => Task.CompletedTask);
        Task second = _fixture.Script().Run(_ => Task.CompletedTask);
        Assert.Equal("not now", (await Assert.ThrowsAsync<FormatException>(() => first)).Message);
        await Assert.ThrowsAsync<FormatException>(() => second);
        Journal.Activating = null;
        await _fixture.Script().Run(_ => Task.CompletedTask);
        Assert.Equal(["+a"], Journal.Entries);
    }

    [Fact]
    public async Task A_failed_constructor_fails_the_callers()
    {
        Journal.Constructing = () => throw new FormatException();
        await Assert.ThrowsAsync<FormatException>(() => _fixture.Script().Run(_ => Task.CompletedTask));
        Journal.Constructing = null;
        await _fixture.Script().Run(_ => Task.CompletedTask);
    }

    [Fact]
    public async Task An_activation_that_takes_too_long_fails_its_callers()
    {
        TaskCompletionSource<CancellationToken> activating = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Journal.Activating = (_, token) =>
        {
            activating.SetResult(token);
            return new TaskCompletionSource().Task;
        };
        Task call = _fixture.Script().Run(_ => Task.CompletedTask);
        CancellationToken token = await activating.Task.WaitAsync(GrainHostFixture.Patience);
        _fixture.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.True(token.IsCancellationRequested);
        await Assert.ThrowsAnyAsync<Exception>(() => call.WaitAsync(GrainHostFixture.Patience));
    }

    [Fact]
    public async Task DeactivateOnIdle_deactivates_when_the_request_has_ended()
    {
        Task deactivated = null!;
        await _fixture.Script().Run(grain =>
        {
            deactivated = grain.GrainContext.Deactivated;
            grain.DeactivateSoon();
            Journal.Add("request ends");
            return Task.CompletedTask;
        });
        await deactivated.WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(["+a", "request ends", "-a ApplicationRequested"], Journal.Entries);
        Assert.Equal(0, _fixture.Host.ActivationCount);
    }

    [Fact]
    public async Task Requests_that_run_end_before_the_grain_deactivates()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task slow = _fixture.Reentrant().Run(async _ =>
        {
            await gate.Task;
            Journal.Add("slow ends");
        });
        Task gone = null!;
        await _fixture.Reentrant().Run(grain =>
        {
            gone = grain.GrainContext.Deactivated;
            grain.DeactivateSoon();
            return Task.CompletedTask;
        });
        Assert.Equal(["+a"], Journal.Entries);
        gate.SetResult();
        await Task.WhenAll(slow, gone).WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(["+a", "slow ends", "-a ApplicationRequested"], Journal.Entries);
    }

    [Fact]
    public async Task A_call_made_while_the_grain_deactivates_waits_for_the_next_activation()
    {
        TaskCompletionSource deactivating = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Journal.Deactivating = async (_, _, _) =>
        {
            deactivating.TrySetResult();
            await gate.Task;
            Journal.Add("gone");
        };
        object? before = await _fixture.Script().Ask(grain => Task.FromResult<object?>(grain));
        Task deactivated = _fixture.Host.DeactivateAsync(_fixture.Script());
        await deactivating.Task.WaitAsync(GrainHostFixture.Patience);
        Task<object?> after = _fixture.Script().Ask(grain => Task.FromResult<object?>(grain));
        Assert.False(after.IsCompleted);
        gate.SetResult();
        Assert.NotSame(before, await after.WaitAsync(GrainHostFixture.Patience));
        await deactivated.WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(["+a", "-a RuntimeRequested", "gone", "+a"], Journal.Entries);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_call_is_lost_while_a_grain_comes_and_goes(bool inlineTurns)
    {
        await using GrainHostFixture fixture = new(options => options.InlineTurns = inlineTurns);
        int alive = 0;
        int begun = 0;
        fixture.Journal.Activating = async (_, _) =>
        {
            await Task.Yield();
            Assert.Equal(1, Interlocked.Increment(ref alive));
        };
        fixture.Journal.Deactivating = async (_, _, _) =>
        {
            await Task.Yield();
            Assert.Equal(0, Interlocked.Decrement(ref alive));
        };
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 300; i++)
            {
                await fixture.Reentrant().Run(
                    async grain =>
                    {
                        if (Interlocked.Increment(ref begun) % 10 == 0)
                        {
                            grain.DeactivateSoon();
                        }
                        if (begun % 3 == 0)
                        {
                            await Task.Yield();
                        }
                        Assert.Equal(1, Volatile.Read(ref alive));
                    });
            }
        }))).WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(1200, begun);
        Assert.Equal(1200, fixture.Host.TotalCalls);
    }

    [Fact]
    public async Task A_deactivation_that_fails_or_takes_too_long_ends_all_the_same()
    {
        Journal.Deactivating = (_, _, _) => throw new FormatException();
        await _fixture.Script().Run(_ => Task.CompletedTask);
        await _fixture.Host.DeactivateAsync(_fixture.Script()).WaitAsync(GrainHostFixture.Patience);

        TaskCompletionSource deactivating = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Journal.Deactivating = (_, _, _) =>
        {
            deactivating.SetResult();
            return new TaskCompletionSource().Task;
        };
        await _fixture.Script().Run(_ => Task.CompletedTask);
        Task deactivated = _fixture.Host.DeactivateAsync(_fixture.Script());
        await deactivating.Task.WaitAsync(GrainHostFixture.Patience);
        _fixture.Time.Advance(TimeSpan.FromSeconds(30));
        await deactivated.WaitAsync(GrainHostFixture.Patience);
    }

    [Fact]
    public async Task A_graceful_stop_deactivates_every_grain_and_refuses_new_ones()
    {
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await _fixture.Script("a").Run(_ => Task.CompletedTask);
        await _fixture.Reentrant("b").Run(_ => Task.CompletedTask);
        Task slow = _fixture.Reentrant("b").Run(_ => gate.Task);
        Task stopped = _fixture.Host.StopAsync(CancellationToken.None);
        Assert.False(stopped.IsCompleted);
        gate.SetResult();
        await stopped.WaitAsync(GrainHostFixture.Patience);
        await slow.WaitAsync(GrainHostFixture.Patience);
        Assert.Equal(["-a ShuttingDown", "-b ShuttingDown"], Journal.Entries.Where(entry => entry[0] == '-').Order());
        Assert.Equal(0, _fixture.Host.ActivationCount);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => _fixture.Script("c").Run(_ => Task.CompletedTask));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => _fixture.Script("a").Run(_ => Task.CompletedTask));
    }

    [Fact]
    public async Task A_stop_waits_no_longer_than_it_may()
    {
        await _fixture.Script().Run(_ => Task.CompletedTask);
        Task call = _fixture.Script().Run(_ => new TaskCompletionSource().Task);
        using CancellationTokenSource limit = new();
        Task stopped = _fixture.Host.StopAsync(limit.Token);
        await limit.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.WaitAsync(GrainHostFixture.Patience));
        Assert.False(call.IsCompleted);
    }

    [Fact]
    public async Task A_killed_grain_fails_its_callers_and_nothing_of_it_runs_again()
    {
        TaskCompletionSource gate = new();
        bool wentOn = false;
        IScriptGrain grain = _fixture.Script();
        await grain.Run(_ => Task.CompletedTask);
        Task running = grain.Run(async _ =>
        {
            await gate.Task;
            wentOn = true;
        });
        Task waiting = grain.Run(_ => Task.CompletedTask);
        _fixture.Host.Kill(grain);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => running.WaitAsync(GrainHostFixture.Patience));
        await Assert.ThrowsAsync<SiloUnavailableException>(() => waiting.WaitAsync(GrainHostFixture.Patience));
        gate.SetResult();
        await grain.Run(_ => Task.CompletedTask).WaitAsync(GrainHostFixture.Patience);
        Assert.False(wentOn);
        Assert.Equal(["+a", "+a"], Journal.Entries);
    }

    [Fact]
    public async Task KillAll_drops_every_grain_as_a_crash_would()
    {
        IScriptGrain[] grains = [_fixture.Script("a"), _fixture.Reentrant("b")];
        foreach (IScriptGrain grain in grains)
        {
            await grain.Run(_ => Task.CompletedTask);
        }
        Task[] calls = [.. grains.Select(grain => grain.Run(_ => new TaskCompletionSource().Task))];
        _fixture.Host.KillAll();
        Assert.Equal(0, _fixture.Host.ActivationCount);
        foreach (Task call in calls)
        {
            await Assert.ThrowsAsync<SiloUnavailableException>(() => call.WaitAsync(GrainHostFixture.Patience));
        }
        Assert.DoesNotContain(Journal.Entries, entry => entry[0] == '-');
        await grains[0].Run(_ => Task.CompletedTask);
    }

    [Fact]
    public async Task Services_of_an_activation_are_disposed_of_with_it()
    {
        await using GrainHostFixture fixture = new(add: services => services.AddScoped<Closable>());
        Closable first = (Closable)(await fixture.Script().Ask(
            grain => Task.FromResult<object?>(grain.Services.GetRequiredService<Closable>())))!;
        Closable second = (Closable)(await fixture.Script("b").Ask(
            grain => Task.FromResult<object?>(grain.Services.GetRequiredService<Closable>())))!;
        await fixture.Host.DeactivateAsync(fixture.Script());
        Assert.True(first.Closed);
        Assert.False(second.Closed);
    }

    [Fact]
    public async Task A_grain_class_need_not_derive_from_Grain() =>
        Assert.Equal("bare/x", await _fixture.Grains.GetGrain<IBareGrain>("x").Name());

    private Task Record(string entry)
    {
        Journal.Add(entry);
        return Task.CompletedTask;
    }

    public sealed class BareGrain(IGrainContext context) : IGrainBase, IBareGrain
    {
        public IGrainContext GrainContext => context;

        public Task<string> Name() => Task.FromResult(context.GrainId.ToString());
    }

    private sealed class Closable : IDisposable
    {
        public bool Closed { get; private set; }

        public void Dispose() => Closed = true;
    }
}
