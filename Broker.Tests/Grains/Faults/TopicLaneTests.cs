using Broker.Grains.Topics;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Grains.Faults;

/// <summary>What a topic lends to the gateway of its own process, beside the topic's turns.</summary>
public sealed class TopicLaneTests
{
    private readonly MemoryMessageStore _store = new();
    private readonly HostedTopics _hosted = new();

    [Fact]
    public void A_publish_is_in_the_log_without_a_turn_and_in_the_channels_after_the_next()
    {
        using GrainWorld world = new(_store, add: AddHosted);
        world.Run(() => world.Topic.CreateChannelAsync("c"));
        world.Scheduler.RunUntilIdle();
        long steps = world.Scheduler.Steps;
        ITopicLane lane = _hosted.FindLane("t")!;
        Assert.Equal(TopicReply.Ok, Publish(lane, world.Request("a", "b")));
        Assert.Equal(steps, world.Scheduler.Steps);
        world.Scheduler.Run(() => Note(lane));
        Assert.Equal((2, 2L), (world.Stats("c").Depth, world.Stats().MessageCount));
        Assert.True(world.Publish("c").IsOk);
        Assert.Equal((3, 3L), (world.Stats("c").Depth, world.Stats().MessageCount));
    }

    [Fact]
    public void A_request_that_comes_again_by_either_way_is_appended_once()
    {
        using GrainWorld world = new(_store, add: AddHosted);
        world.Run(() => world.Topic.CreateChannelAsync("c"));
        ITopicLane lane = _hosted.FindLane("t")!;
        PublishRequest beside = world.Request("a");
        PublishRequest called = world.Request("b");
        Assert.Equal(TopicReply.Ok, Publish(lane, beside));
        Assert.Equal(TopicReply.Ok, Publish(lane, beside));
        Assert.Equal(TopicReply.Ok, world.Run(() => world.Topic.PublishAsync(beside)));
        Assert.Equal(TopicReply.Ok, world.Run(() => world.Topic.PublishAsync(called)));
        Assert.Equal(TopicReply.Ok, Publish(lane, called));
        world.Scheduler.Run(() => Note(lane));
        Assert.Equal(2, world.Stats("c").Depth);
    }

    [Fact]
    public void What_another_opening_has_fenced_fails_and_the_topic_leaves()
    {
        using GrainWorld first = new(_store, add: AddHosted);
        first.Run(() => first.Topic.CreateAsync());
        ITopicLane lane = _hosted.FindLane("t")!;
        using GrainWorld second = new(_store, seed: 2);
        Assert.True(second.Publish("theirs").IsOk);
        Assert.Throws<FencedException>(() => first.Scheduler.Run(() => Begin(lane, first.Request("ours"))));
        first.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.False(lane.TryPublish(first.Request("ours"), out _));
        Assert.Equal(1, second.Stats().Depth);
    }

    [Fact]
    public void A_topic_that_is_closed_deleted_or_held_back_by_a_policy_takes_nothing_beside_its_turns()
    {
        using GrainWorld world = new(_store, add: AddHosted);
        Assert.Null(_hosted.FindLane("t"));
        world.Run(() => world.Topic.CreateAsync());
        ITopicLane lane = _hosted.FindLane("t")!;
        world.Run(() => world.Topic.ChangePolicyAsync(new TopicPolicy { PublishRate = 1 }, expected: null));
        Assert.False(lane.TryPublish(world.Request("a"), out _));
        world.Run(() => world.Topic.ChangePolicyAsync(new TopicPolicy(), expected: null));
        Assert.Equal(TopicReply.Ok, Publish(lane, world.Request("b")));
        world.Scheduler.Run(() => Note(lane));
        world.Run(() => world.Topic.DeleteAsync());
        Assert.False(lane.TryPublish(world.Request("c"), out _));
        world.Scheduler.Run(() => world.Simulation.Cluster.DeactivateAsync(world.Topic));
        Assert.False(lane.TryPublish(world.Request("d"), out _));
        Assert.Null(_hosted.FindLane("t"));
    }

    [Fact]
    public void What_is_deferred_is_not_due_before_its_time()
    {
        using GrainWorld world = new(_store, add: AddHosted);
        world.Run(() => world.Topic.CreateChannelAsync("c"));
        ITopicLane lane = _hosted.FindLane("t")!;
        PublishRequest request = world.Request("a");
        long due = world.Time.GetUtcNow().ToUnixTimeMilliseconds() + 5_000;
        Assert.Equal(TopicReply.Ok, Publish(lane, new PublishRequest
        {
            Publisher = request.Publisher,
            Sequence = request.Sequence,
            Batch = new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = 1, Records = request.Batch.Records, DueTimes = [due] },
        }));
        world.Scheduler.Run(() => Note(lane));
        Assert.Equal((0, 1), (world.Stats("c").Depth, world.Stats("c").Deferred));
        world.Scheduler.RunFor(TimeSpan.FromSeconds(6));
        Assert.Equal((1, 0), (world.Stats("c").Depth, world.Stats("c").Deferred));
    }

    private void AddHosted(IServiceCollection services) => services.AddSingleton(_hosted);

    private static TopicReply Publish(ITopicLane lane, PublishRequest request)
    {
        Assert.True(lane.TryPublish(request, out ValueTask<TopicReply> reply));
        Assert.True(reply.IsCompletedSuccessfully);
        return reply.Result;
    }

    private static async Task Begin(ITopicLane lane, PublishRequest request)
    {
        Assert.True(lane.TryPublish(request, out ValueTask<TopicReply> reply));
        await reply;
    }

    private static Task Note(ITopicLane lane)
    {
        lane.TakeNote();
        return Task.CompletedTask;
    }
}
