using Broker.Policies;
using Broker.Storage.Memory;
using Broker.Topics;

namespace Broker.Tests.Grains.Faults;

/// <summary>What was said of a topic and its channel holds wherever they are.</summary>
public sealed class PolicyMoveTests
{
    [Fact]
    public void A_topic_and_its_channel_go_by_their_policies_after_they_have_moved_and_hear_of_changes_there()
    {
        MemoryMessageStore store = new();
        using GrainWorld first = new(store, seed: 1);
        first.Run(() => first.Topic.CreateChannelAsync("c"));
        Assert.True(first.Run(() => first.Topic.ChangePolicyAsync(new TopicPolicy { MaxMessageSize = 5 }, expected: null)).IsOk);
        Assert.True(first.Run(() => first.Topic.ChangeChannelPolicyAsync("c", new ChannelPolicy { MaxInFlight = 3 }, expected: null)).IsOk);
        Assert.True(first.Publish([.. Enumerable.Range(0, 10).Select(i => $"{i}")]).IsOk);

        using GrainWorld second = new(store, seed: 2);
        ScriptedGateway gateway = new(second, "c") { Finishes = false };
        _ = gateway.Start();
        second.Scheduler.RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(["0", "1", "2"], gateway.Got);
        Assert.Equal(new TopicReply(TopicStatus.TooBig, MaxMessageSize: 5), second.Publish("too big"));
        Assert.Equal(new TopicReply(TopicStatus.Ok, MaxMessageSize: 5), second.Publish("small"));

        Assert.True(second.Run(() => second.Topic.ChangePolicyAsync(TopicPolicy.None, expected: null)).IsOk);
        Assert.True(second.Run(() => second.Topic.ChangeChannelPolicyAsync("c", new ChannelPolicy { DeliveryRate = 2 }, expected: null)).IsOk);
        second.Scheduler.RunUntilIdle();
        Assert.Equal(4, gateway.Deliveries.Count);
        second.Scheduler.RunFor(TimeSpan.FromSeconds(2));
        Assert.InRange(gateway.Deliveries.Count, 7, 8);
        Assert.True(second.Publish("not too big any more").IsOk);
        gateway.IsStopped = true;
    }
}
