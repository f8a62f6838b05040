using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Embedded;

public sealed class CallTests : IAsyncDisposable
{
    private readonly GrainHostFixture _fixture = new();

    public interface IWrongGrain : IGrainWithStringKey
    {
        string Now();
    }

    public interface INobodysGrain : IGrainWithStringKey
    {
        Task Run();
    }

    internal interface IHiddenGrain : IGrainWithStringKey
    {
        Task<List<Hidden>> Echo(Hidden value);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Results_reach_the_caller_by_every_kind_of_task(bool late)
    {
        IScriptGrain grain = _fixture.Script();
        await grain.Run(_ => late ? Later() : Task.CompletedTask);
        await grain.RunValue(async _ => await (late ? Later() : Task.CompletedTask));
        Assert.Equal("x", await grain.Ask(async _ =>
        {
            await (late ? Later() : Task.CompletedTask);
            return "x";
        }));
        Assert.Equal(7, await grain.AskValue(async _ =>
        {
            await (late ? Later() : Task.CompletedTask);
            return 7;
        }));
    }

    [Fact]
    public async Task Arguments_arrive_as_they_were_passed()
    {
        IScriptGrain grain = _fixture.Script();
        Assert.Equal("t 42 2024 a+b", await grain.Join("t", 42, new DateTime(2024, 5, 6), "a", "b"));
        Assert.Equal("t 42  ", await grain.Join("t", 42, null));
    }

    [Theory]
    [InlineData("at once")]
    [InlineData("before its task")]
    [InlineData("late")]
    public async Task An_exception_reaches_the_caller_with_its_type_and_stack(string when)
    {
        IScriptGrain grain = _fixture.Script();
        await grain.Run(_ => Task.CompletedTask);
        FormatException thrown = await Assert.ThrowsAsync<FormatException>(() => grain.Run(_ => when switch
        {
            "at once" => FailAtOnceAsync(),
            "before its task" => throw FailingFormat(),
            _ => FailLateAsync(),
        }));
        Assert.Equal("from within", thrown.Message);
        Assert.Contains(nameof(An_exception_reaches_the_caller_with_its_type_and_stack), thrown.StackTrace!);
        if (when != "before its task")
        {
            Assert.Contains("Fail", thrown.StackTrace!);
        }

        static async Task FailAtOnceAsync()
        {
            await Task.CompletedTask;
            throw FailingFormat();
        }

        static async Task FailLateAsync()
        {
            await Task.Yield();
            throw FailingFormat();
        }

        static FormatException FailingFormat() => new("from within");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_request_is_a_cancelled_call(bool late)
    {
        IScriptGrain grain = _fixture.Script();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => grain.Run(async _ =>
        {
            await (late ? Later() : Task.CompletedTask);
            throw new OperationCanceledException();
        }));
    }

    [Fact]
    public async Task A_one_way_call_tells_its_caller_nothing()
    {
        IScriptGrain grain = _fixture.Script();
        TaskCompletionSource gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task slow = grain.Tell(_ => gate.Task);
        Assert.True(slow.IsCompletedSuccessfully);
        Task failing = grain.Tell(_ => throw new InvalidOperationException());
        Assert.True(failing.IsCompletedSuccessfully);
        gate.SetResult();
        bool heard = false;
        grain.Shout(_ => heard = true);
        await grain.Run(_ => Task.CompletedTask).WaitAsync(GrainHostFixture.Patience);
        Assert.True(heard);
    }

    [Fact]
    public void References_to_one_grain_are_equal()
    {
        Assert.Equal((object)_fixture.Script("a"), _fixture.Script("a"));
        Assert.NotEqual((object)_fixture.Script("a"), _fixture.Script("b"));
        Assert.NotEqual((object)_fixture.Script("a"), _fixture.Reentrant("a"));
        Assert.Equal("a", _fixture.Script("a").GetPrimaryKeyString());
        Assert.Equal("script/a", _fixture.Script("a").GetGrainId().ToString());
    }

    [Fact]
    public async Task A_reference_can_be_had_by_another_interface_of_the_same_grain()
    {
        IScriptGrain plain = _fixture.Reentrant("a").AsReference<IScriptGrain>();
        await plain.Run(grain =>
        {
            Assert.IsType<ReentrantScriptGrain>(grain);
            IReentrantScriptGrain self = grain.AsReference<IReentrantScriptGrain>();
            Assert.Equal((object)plain, self);
            Assert.Equal("a", self.GetPrimaryKeyString());
            Assert.Equal((GrainReference)plain, grain.GrainReference);
            return Task.CompletedTask;
        });
        Assert.Equal(1, _fixture.Host.ActivationCount);
    }

    [Fact]
    public async Task Internal_interfaces_and_types_can_be_called()
    {
        Hidden value = new();
        Assert.Same(value, Assert.Single(await _fixture.Grains.GetGrain<IHiddenGrain>("a").Echo(value)));
    }

    [Fact]
    public void A_wrong_interface_is_refused_with_a_clear_sentence()
    {
        Assert.Contains(
            "IWrongGrain.Now cannot be called through a reference",
            Assert.Throws<NotSupportedException>(() => _fixture.Grains.GetGrain<IWrongGrain>("a")).Message);
        Assert.Contains(
            "Could not find an implementation",
            Assert.Throws<ArgumentException>(() => _fixture.Grains.GetGrain<INobodysGrain>("a")).Message);
        Assert.Contains(
            "Multiple implementations",
            Assert.Throws<ArgumentException>(() => _fixture.Grains.GetGrain<IScriptGrain>("a")).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    public void A_key_is_never_blank(string key) =>
        Assert.Throws<ArgumentException>(() => _fixture.Reentrant(key));

    [Fact]
    public async Task Calls_are_counted()
    {
        IScriptGrain grain = _fixture.Script();
        for (int i = 0; i < 5; i++)
        {
            await grain.Run(_ => Task.CompletedTask);
        }
        await _fixture.Host.DeactivateAsync(grain);
        await grain.Run(_ => Task.CompletedTask);
        Assert.Equal(6, _fixture.Host.TotalCalls);
    }

    private static async Task Later() => await Task.Yield();

    internal sealed class Hidden;

    internal sealed class HiddenGrain : Grain, IHiddenGrain
    {
        public Task<List<Hidden>> Echo(Hidden value) => Task.FromResult<List<Hidden>>([value]);
    }
}
