using Orleans;

namespace Broker.Tests.Simulation.Silos.Scripts;

internal sealed class SimulatedStage(string name, IGrainFactory grains, ScriptBook book, VirtualTimeProvider time) : ScriptStage(name, grains, book, time)
{
    public override TaskCompletionSource NewSignal() => new();

    public override Task PassAsync(IScripted grain, TimeSpan duration) => Task.Delay(duration, Time);
}
