using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Holds the simulated silo against what Orleans does.</summary>
public sealed class SimulatedScriptTests
{
    [Theory]
    [MemberData(nameof(Script.Names), MemberType = typeof(Script))]
    public void A_simulated_silo_does(string name)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            ScriptBook book = new();
            using GrainSimulation simulation = new(seed, services => services.AddSingleton(book));
            Script script = Script.Named(name);
            ScriptStage stage = new SimulatedStage(name, simulation.Grains, book, simulation.Time);
            simulation.Scheduler.Run(() => script.Run(stage));
            Assert.Equal(script.Outcome, stage.Notes);
            GC.KeepAlive(stage);
        }
    }
}
