namespace Broker.Tests.Embedded;

public sealed class ResponseTimeoutTests : IAsyncDisposable
{
    private readonly GrainHostFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task A_call_that_takes_too_long_fails_and_names_the_grain_and_the_method()
    {
        IScriptGrain grain = _fixture.Script("slow");
        await grain.Run(_ => Task.CompletedTask);
        Task call = grain.Run(_ => new TaskCompletionSource().Task);
        _fixture.Time.Advance(TimeSpan.FromSeconds(29.9));
        Assert.False(call.IsCompleted);
        _fixture.Time.Advance(TimeSpan.FromSeconds(0.1));
        TimeoutException late = await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(GrainHostFixture.Patience));
        Assert.StartsWith("Response did not arrive on time in 00:00:30 for message: ", late.Message);
        Assert.Contains("script/slow", late.Message);
        Assert.Contains("IScriptGrain.Run", late.Message);
    }

    [Fact]
    public async Task A_method_may_have_a_timeout_of_its_own()
    {
        IScriptGrain grain = _fixture.Script();
        await grain.Run(_ => Task.CompletedTask);
        Task call = grain.RunShort(_ => new TaskCompletionSource().Task);
        _fixture.Time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(GrainHostFixture.Patience));
    }

    [Fact]
    public async Task Calls_expire_each_at_its_own_time()
    {
        IReentrantScriptGrain grain = _fixture.Reentrant();
        await grain.Run(_ => Task.CompletedTask);
        Task[] calls = new Task[3];
        for (int i = 0; i < calls.Length; i++)
        {
            calls[i] = grain.Run(_ => new TaskCompletionSource().Task);
            _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        }
        TaskCompletionSource gate = new();
        Task inTime = grain.Run(_ => gate.Task);
        gate.SetResult();
        await inTime.WaitAsync(GrainHostFixture.Patience);
        _fixture.Time.Advance(TimeSpan.FromSeconds(27));
        Assert.Equal([true, false, false], calls.Select(call => call.IsCompleted));
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([true, true, false], calls.Select(call => call.IsCompleted));
        _fixture.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(calls, call => Assert.IsType<TimeoutException>(call.Exception!.InnerException));
    }

    [Fact]
    public async Task A_grain_that_calls_itself_through_another_waits_until_the_time_is_up()
    {
        IScriptGrain first = _fixture.Script("first");
        IScriptGrain second = _fixture.Script("second");
        TaskCompletionSource called = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task call = first.Run(_ => second.Run(_ =>
        {
            Task back = first.Run(_ => Task.CompletedTask);
            called.SetResult();
            return back;
        }));
        await called.Task.WaitAsync(GrainHostFixture.Patience);
        _fixture.Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<TimeoutException>(() => call.WaitAsync(GrainHostFixture.Patience));
    }

    [Fact]
    public async Task A_call_whose_caller_gave_up_never_begins()
    {
        IScriptGrain grain = _fixture.Script();
        await grain.Run(_ => Task.CompletedTask);
        TaskCompletionSource gate = new();
        Task slow = grain.Run(_ => gate.Task);
        bool began = false;
        Task waiting = grain.Run(_ =>
        {
            began = true;
            return Task.CompletedTask;
        });
        _fixture.Time.Advance(TimeSpan.FromSeconds(30));
        await Assert.ThrowsAsync<TimeoutException>(() => waiting.WaitAsync(GrainHostFixture.Patience));
        gate.SetResult();
        await grain.Run(_ => Task.CompletedTask).WaitAsync(GrainHostFixture.Patience);
        Assert.False(began);
        await Assert.ThrowsAsync<TimeoutException>(() => slow);
    }
}
