using Broker.Grains;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Topics;

namespace Broker.Tests.Grains.Faults;

/// <summary>Two silos that both take themselves for where a topic is, as it may be for a while after a partition.</summary>
public sealed class SecondActivationTests
{
    private readonly MemoryMessageStore _store = new();

    /// <summary>Invariant 6: a fenced activation leaves without being written to.</summary>
    [Fact]
    public void What_a_second_activation_acknowledged_is_delivered_by_the_first_within_seconds()
    {
        using GrainWorld first = new(_store);
        ScriptedGateway gateway = new(first, "c");
        Task running = gateway.Start();
        first.Scheduler.RunFor(TimeSpan.FromSeconds(5));
        Assert.True(first.Publish("one").IsOk);
        first.Scheduler.RunFor(TimeSpan.FromSeconds(10));

        using (GrainWorld second = new(_store, seed: 2))
            Assert.True(second.Publish("a", "b").IsOk);

        first.Scheduler.RunFor(TimeSpan.FromSeconds(20));
        Assert.Equal(["one", "a", "b"], gateway.Got.Distinct());
        gateway.IsStopped = true;
        first.Scheduler.Run(() => running);
    }

    /// <summary>Invariant 6, where the fence shows in a change of the record.</summary>
    [Fact]
    public void An_activation_whose_record_is_fenced_leaves()
    {
        using GrainWorld first = new(_store);
        Assert.True(first.Run(() => first.Topic.CreateAsync()).IsOk);
        using (GrainWorld second = new(_store, seed: 2))
            Assert.True(second.Publish("theirs").IsOk);

        Assert.Throws<FencedException>(() => first.Run(() => first.Topic.CreateChannelAsync("c")));
        first.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(TopicStatus.Ok, first.Run(() => first.Topic.CreateChannelAsync("c")).Status);
        first.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(1, first.Stats("c").Depth);
    }

    [Fact]
    public void A_silo_that_the_others_have_put_out_takes_no_topic_back()
    {
        Membership membership = new();
        using GrainWorld first = new(_store, membership: membership);
        Assert.True(first.Publish("one").IsOk);
        using GrainWorld second = new(_store, seed: 2);
        Assert.True(second.Publish("two").IsOk);

        membership.IsMember = false;
        for (int i = 0; i < 3; i++)
        {
            Assert.Throws<FencedException>(() => first.Publish("theirs"));
            first.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        }

        Assert.True(second.Publish("three").IsOk);
        Assert.Equal(3, second.Stats().Depth);
    }

    /// <summary>Invariant 7: nothing of an earlier generation is accepted.</summary>
    [Fact]
    public void A_channel_of_a_topic_that_was_made_again_elsewhere_is_closed()
    {
        using GrainWorld first = new(_store);
        ScriptedGateway gateway = new(first, "c");
        Task running = gateway.Start();
        first.Scheduler.RunFor(TimeSpan.FromSeconds(5));
        Assert.True(first.Publish("1", "2", "3", "4", "5").IsOk);
        first.Scheduler.RunFor(TimeSpan.FromSeconds(10));

        using (GrainWorld second = new(_store, seed: 2))
        {
            Assert.True(second.Run(() => second.Topic.DeleteAsync()).IsOk);
            Assert.Equal(TopicStatus.Ok, second.Run(() => second.Topic.CreateChannelAsync("c")).Status);
        }

        Assert.True(first.PublishSoon("new").IsOk);
        first.Scheduler.RunFor(TimeSpan.FromSeconds(20));
        Assert.True(gateway.IsClosed);
        Assert.Equal(1, first.Stats("c").Depth);
        first.Scheduler.Run(() => running);
    }

    /// <summary>Invariant 7: no incarnation is used twice, whoever makes the topic again.</summary>
    [Fact]
    public void Incarnations_of_a_topic_that_is_made_again_are_new()
    {
        using GrainWorld world = new(_store);
        long before = world.Run(() => world.Topic.CreateChannelAsync("c")).Incarnation;
        Assert.True(world.Run(() => world.Topic.DeleteAsync()).IsOk);
        world.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.True(world.Run(() => world.Topic.CreateChannelAsync("c")).Incarnation > before);
    }

    private sealed class Membership : ISiloMembership
    {
        public bool IsMember { get; set; } = true;

        public ValueTask<bool> IsMemberAsync() => new(IsMember);
    }
}
