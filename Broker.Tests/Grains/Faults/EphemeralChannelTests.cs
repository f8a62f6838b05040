using Broker.Storage.Memory;

namespace Broker.Tests.Grains.Faults;

/// <summary>An ephemeral channel does not outlive its process, unless its consumers come back.</summary>
public sealed class EphemeralChannelTests
{
    private const string Name = "c#ephemeral";

    private readonly MemoryMessageStore _store = new();

    [Fact]
    public void A_channel_whose_process_and_consumers_are_gone_is_removed()
    {
        using GrainWorld world = new(_store);
        ScriptedGateway gateway = new(world, Name);
        gateway.Start();
        world.Scheduler.RunFor(TimeSpan.FromSeconds(3));
        gateway.IsStopped = true;
        world.Simulation.Crash();

        Assert.True(world.PublishSoon("one").IsOk);
        Assert.Single(world.Stats().Channels);
        world.Scheduler.RunFor(TimeSpan.FromSeconds(30));
        Assert.Empty(world.Stats().Channels);
    }

    [Fact]
    public void A_channel_that_was_made_and_has_no_consumers_yet_stays()
    {
        using GrainWorld world = new(_store);
        world.Run(() => world.Topic.CreateChannelAsync(Name));
        world.Scheduler.RunFor(TimeSpan.FromMinutes(5));
        Assert.Single(world.Stats().Channels);
    }
}
