using Orleans;

namespace Broker.Tests.Simulation.Silos.Scripts;

internal sealed class OrleansStage(string name, IGrainFactory grains, ScriptBook book, VirtualTimeProvider time) : ScriptStage(name, grains, book, time)
{
    public override TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override async Task PassAsync(IScripted grain, TimeSpan duration)
    {
        TimeSpan end = Time.Elapsed + duration;
        await SettleAsync(grain);
        while (Time.UntilNextTimer is { } wait && Time.Elapsed + wait <= end)
        {
            Time.Advance(wait);
            await SettleAsync(grain);
        }

        Time.Advance(end - Time.Elapsed);
    }

    // Each call goes the way that a tick went before it, so that after some of them all is done that did not have to wait.
    private static async Task SettleAsync(IScripted grain)
    {
        for (int i = 0; i < 5; i++)
            await grain.RunAlways(_ => Task.CompletedTask);
    }
}
