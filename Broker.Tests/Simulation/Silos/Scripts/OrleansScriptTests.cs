namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Holds the scripts against Orleans.</summary>
public sealed class OrleansScriptTests(OrleansSilo silo) : IClassFixture<OrleansSilo>
{
    [Theory]
    [MemberData(nameof(Script.Names), MemberType = typeof(Script))]
    public async Task A_genuine_silo_does(string name)
    {
        Script script = Script.Named(name);
        ScriptStage stage = silo.NewStage(name);
        await script.Run(stage).WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(script.Outcome, stage.Notes);
    }
}
