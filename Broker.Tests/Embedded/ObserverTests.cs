using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Embedded;

public sealed class ObserverTests : IAsyncDisposable
{
    private readonly GrainHostFixture _fixture = new();

    public interface IListener : IGrainObserver
    {
        void Hear(string text);

        Task<string> Answer(string text);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_grain_can_call_an_observer_and_receives_its_answer()
    {
        Listener listener = new();
        IListener reference = Refer(listener);
        Assert.Equal("a b", await AskByGrain(reference, "a"));
        await _fixture.Script().Run(_ =>
        {
            reference.Hear("c");
            return Task.CompletedTask;
        });
        await listener.Heard.Task.WaitAsync(GrainHostFixture.Patience);
    }

    [Fact]
    public async Task An_observer_is_never_called_within_the_turn_of_its_caller()
    {
        Listener listener = new();
        IListener reference = Refer(listener);
        await _fixture.Script().Run(_ => Task.CompletedTask);
        await _fixture.Script().Run(async grain =>
        {
            bool returned = false;
            listener.Answering = text =>
            {
                Assert.NotSame(grain.GrainContext, SynchronizationContext.Current);
                Assert.True(Volatile.Read(ref returned));
                return Task.FromResult(text);
            };
            listener.Gate = new ManualResetEventSlim();
            Task<string> answer = reference.Answer("x");
            Volatile.Write(ref returned, true);
            listener.Gate.Set();
            await answer;
            Assert.Same(grain.GrainContext, SynchronizationContext.Current);
        }).WaitAsync(GrainHostFixture.Patience);
    }

    [Fact]
    public async Task Calls_to_one_observer_do_not_overlap()
    {
        Listener listener = new();
        IListener reference = Refer(listener);
        int inside = 0;
        listener.Answering = async text =>
        {
            Assert.Equal(1, Interlocked.Increment(ref inside));
            await Task.Yield();
            Interlocked.Decrement(ref inside);
            return text;
        };
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => AskByGrain(reference, $"{i}", $"{i}")))
            .WaitAsync(GrainHostFixture.Patience);
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task An_exception_of_an_observer_reaches_its_caller()
    {
        Listener listener = new() { Answering = _ => throw new FormatException("no") };
        Assert.Equal("no", (await Assert.ThrowsAsync<FormatException>(() => AskByGrain(Refer(listener), "a"))).Message);
    }

    [Fact]
    public async Task A_deleted_observer_cannot_be_called()
    {
        Listener listener = new();
        IListener reference = Refer(listener);
        _fixture.Grains.DeleteObjectReference<IListener>(reference);
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => AskByGrain(reference, "a"));
        reference.Hear("nobody");
        Assert.Throws<ArgumentException>(() => _fixture.Grains.DeleteObjectReference<IListener>(reference));
        Assert.Throws<ArgumentException>(() => _fixture.Grains.DeleteObjectReference<IListener>(listener));
        Assert.False(listener.Heard.Task.IsCompleted);
    }

    [Fact]
    public async Task An_observer_is_held_weakly()
    {
        IListener reference = ReferToNobody();
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => AskByGrain(reference, "a"));
        reference.Hear("nobody");
    }

    [Fact]
    public async Task A_crash_ends_observers_too()
    {
        Listener listener = new();
        IListener reference = Refer(listener);
        _fixture.Host.KillAll();
        await Assert.ThrowsAsync<ClientNotAvailableException>(() => AskByGrain(reference, "a"));
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task Two_references_to_one_object_are_two_observers()
    {
        Listener listener = new();
        IListener first = Refer(listener);
        IListener second = Refer(listener);
        Assert.NotEqual((object)first, second);
        _fixture.Grains.DeleteObjectReference<IListener>(first);
        Assert.Equal("a b", await AskByGrain(second, "a"));
        GC.KeepAlive(listener);
    }

    [Fact]
    public void Only_an_object_can_be_made_an_observer()
    {
        Listener listener = new();
        Assert.Throws<ArgumentException>(() => _fixture.Grains.CreateObjectReference<IListener>(Refer(listener)));
        Assert.Throws<ArgumentNullException>(() => _fixture.Grains.CreateObjectReference<IListener>(null!));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private IListener ReferToNobody() => Refer(new Listener());

    private IListener Refer(Listener listener) => _fixture.Grains.CreateObjectReference<IListener>(listener);

    private async Task<object?> AskByGrain(IListener reference, string text, string key = "a") =>
        await _fixture.Script(key).Ask(async _ => await reference.Answer(text));

    private sealed class Listener : IListener
    {
        public TaskCompletionSource Heard { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Func<string, Task<string>> Answering { get; set; } = text => Task.FromResult($"{text} b");

        public ManualResetEventSlim? Gate { get; set; }

        public void Hear(string text) => Heard.TrySetResult();

        public Task<string> Answer(string text)
        {
            Assert.True(Gate?.Wait(GrainHostFixture.Patience) ?? true);
            return Answering(text);
        }
    }
}
