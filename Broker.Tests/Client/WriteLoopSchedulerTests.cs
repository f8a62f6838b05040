using Broker.Client;
using Broker.Tests.Running;

namespace Broker.Tests.Client;

/// <summary>Who runs the loop that sends a connection's commands.</summary>
public sealed class WriteLoopSchedulerTests
{
    [Fact]
    public void Who_catches_the_loop_runs_it()
    {
        WriteLoopScheduler scheduler = new();
        object state = new();
        object? ran = null;
        scheduler.Catch();
        scheduler.Schedule(given => ran = given, state);
        (Action<object?>? loop, object? caught) = scheduler.Release();
        Assert.Null(ran);
        loop!(caught);
        Assert.Same(state, ran);
    }

    [Fact]
    public async Task A_loop_that_schedules_itself_while_another_thread_catches_is_run()
    {
        WriteLoopScheduler scheduler = new();
        TaskCompletionSource ran = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Thread loop = new(() => scheduler.Schedule(_ => ran.SetResult(), null));
        scheduler.Catch();
        loop.Start();
        loop.Join();
        (Action<object?>? caught, _) = scheduler.Release();
        Assert.Null(caught);
        await ran.Task.WaitAsync(NsqSocket.Patience);
    }

    [Fact]
    public void What_was_not_waiting_is_not_caught()
    {
        WriteLoopScheduler scheduler = new();
        scheduler.Catch();
        scheduler.Schedule(static _ => { }, null);
        scheduler.Release();
        scheduler.Catch();
        Assert.Null(scheduler.Release().Action);
    }
}
