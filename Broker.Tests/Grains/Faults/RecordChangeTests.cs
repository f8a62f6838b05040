using Broker.Channels;
using Broker.Messages;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Topics;

namespace Broker.Tests.Grains.Faults;

/// <summary>A change of a topic's record holds once it is saved, and when it cannot be saved all goes on as before.</summary>
public sealed class RecordChangeTests
{
    private static readonly TimeSpan AMoment = TimeSpan.FromSeconds(1);

    private readonly ScriptedStore _store = new(new MemoryMessageStore());

    /// <summary>Invariant 5: feeds and offers have no undeclared gap.</summary>
    [Fact]
    public void A_channel_whose_deletion_failed_misses_nothing_that_was_published_meanwhile()
    {
        using GrainWorld world = new(_store.Store);
        world.Run(() => world.Topic.CreateChannelAsync("a"));
        world.Run(() => world.Topic.CreateChannelAsync("b"));
        Assert.True(world.Publish("one").IsOk);
        world.Scheduler.RunFor(AMoment);

        TaskCompletionSource disk = new();
        _store.Before(nameof(ITopicLog.SaveRecordAsync), () => disk.Task);
        Task<TopicReply> deletion = world.Begin(() => world.Topic.DeleteChannelAsync("a", 0));
        Assert.True(world.Publish("two").IsOk);
        _store.Before(nameof(ITopicLog.SaveRecordAsync), null);
        disk.SetException(new StoreException("no space left on device"));

        Assert.Equal(TopicStatus.Failed, world.Scheduler.Run(() => deletion).Status);
        Assert.True(world.PublishSoon("three").IsOk);
        world.Scheduler.RunFor(TimeSpan.FromMinutes(2));
        Assert.Equal((3, 3), (world.Stats("a").Depth, world.Stats("b").Depth));
    }

    /// <summary>Invariant 5, where an offer lost a batch on its way.</summary>
    [Theory]
    [InlineData("c")]
    [InlineData("c#ephemeral")]
    public void An_offer_that_lacks_what_it_does_not_declare_is_refused(string channel)
    {
        using GrainWorld world = new(_store.Store);
        long incarnation = world.Run(() => world.Topic.CreateChannelAsync(channel)).Incarnation;
        Assert.True(world.Publish("one").IsOk);
        world.Scheduler.RunFor(AMoment);

        OfferReply reply = world.Run(() => world.Channel(channel).OfferAsync(new ChannelOffer
        {
            Incarnation = incarnation,
            From = 1,
            End = 3,
            Batches = [MessageBatch.Create(1, ["three"u8.ToArray()]).At(2)],
            Messages = 1,
            Deferred = 0,
            Gaps = 0,
        }));
        Assert.Equal(1, reply.KnownEnd);
        Assert.True(world.Publish("two", "three").IsOk);
        world.Scheduler.RunFor(AMoment);
        Assert.Equal(3, world.Stats(channel).Depth);
    }

    /// <summary>Invariant 5, for what is published while the only channel is about to go: it belongs to the topic.</summary>
    [Fact]
    public void What_is_published_while_the_last_channel_is_deleted_goes_to_the_next_one()
    {
        using GrainWorld world = new(_store.Store);
        world.Run(() => world.Topic.CreateChannelAsync("a"));
        TaskCompletionSource disk = new();
        _store.Before(nameof(ITopicLog.SaveRecordAsync), () => disk.Task);
        Task<TopicReply> deletion = world.Begin(() => world.Topic.DeleteChannelAsync("a", 0));
        Assert.True(world.Publish("one").IsOk);
        _store.Before(nameof(ITopicLog.SaveRecordAsync), null);
        disk.SetResult();

        Assert.True(world.Scheduler.Run(() => deletion).IsOk);
        Assert.Equal(1, world.Stats().Depth);
        world.Run(() => world.Topic.CreateChannelAsync("b"));
        world.Scheduler.RunFor(AMoment);
        Assert.Equal(1, world.Stats("b").Depth);
    }

    /// <summary>Invariant 14: a failed deletion leaves topic and channel working.</summary>
    [Fact]
    public void A_topic_whose_deletion_failed_goes_on_with_its_consumers()
    {
        using GrainWorld world = new(_store.Store);
        ScriptedGateway gateway = new(world, "c");
        Task running = gateway.Start();
        world.Scheduler.RunFor(AMoment);
        Assert.True(world.Publish("one").IsOk);
        _store.Before(nameof(ITopicLog.DeleteAsync), () => Task.FromException(new StoreException("permission denied")));
        Assert.Equal(TopicStatus.Failed, world.Run(() => world.Topic.DeleteAsync()).Status);
        _store.Before(nameof(ITopicLog.DeleteAsync), null);

        Assert.True(world.PublishSoon("two").IsOk);
        world.Scheduler.RunFor(TimeSpan.FromMinutes(1));
        Assert.False(gateway.IsClosed);
        Assert.Equal(["one", "two"], gateway.Got);

        Assert.True(world.Run(() => world.Topic.DeleteAsync()).IsOk);
        world.Scheduler.RunFor(AMoment);
        Assert.True(gateway.IsClosed);
        Assert.Empty(world.Run(() => world.Directory.TopicsAsync()));
        world.Scheduler.Run(() => running);
    }

    /// <summary>A channel that left the record is gone, even if what it kept cannot be removed.</summary>
    [Fact]
    public void A_channel_is_deleted_once_the_record_is_saved()
    {
        using GrainWorld world = new(_store.Store);
        world.Run(() => world.Topic.CreateChannelAsync("a"));
        _store.Before(nameof(IMessageStore.DeleteChannelAsync), () => Task.FromException(new StoreException("permission denied")));
        Assert.True(world.Run(() => world.Topic.DeleteChannelAsync("a", 0)).IsOk);
        Assert.Equal(TopicStatus.ChannelNotFound, world.Run(() => world.Topic.DescribeChannelAsync("a")).Status);
    }

    /// <summary>Invariant 13: paused in the record is paused in the channel, in the end.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_two_at_once_who_pause_and_resume_a_channel_the_channel_follows_the_record(bool pausesFirst)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            using GrainWorld world = new(_store.Store, seed);
            world.Run(() => world.Topic.CreateChannelAsync("a"));
            world.Stats("a");
            Task<TopicReply> first = world.Scheduler.Run(() => Task.FromResult(world.Topic.PauseChannelAsync("a", pausesFirst).AsTask()));
            Task<TopicReply> second = world.Scheduler.Run(() => Task.FromResult(world.Topic.PauseChannelAsync("a", !pausesFirst).AsTask()));
            world.Scheduler.Run(() => Task.WhenAll(first, second));
            bool isPaused = world.Run(() => world.Topic.DescribeChannelAsync("a")).Paused;
            Assert.Equal(isPaused, world.Stats("a").Paused);
            world.Run(() => world.Topic.DeleteAsync());
        }
    }
}
