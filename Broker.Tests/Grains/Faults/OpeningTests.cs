using Broker.Channels;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Topics;

namespace Broker.Tests.Grains.Faults;

/// <summary>Invariant 8: one opening is under way per activation, and making a topic never overwrites a record.</summary>
public sealed class OpeningTests
{
    [Fact]
    public void A_channel_that_was_made_stays_when_two_open_a_topic_at_once()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            ScriptedStore store = new(new MemoryMessageStore());
            TaskCompletionSource first = new();
            int underWay = 0;
            store.Before(nameof(IMessageStore.OpenTopicAsync), () => underWay++ == 0 ? first.Task : Task.CompletedTask);
            using GrainWorld world = new(store.Store, seed, time => new SlowSecondAnswer(time));
            Task<TopicStats> look = world.Begin(() => world.Topic.StatsAsync(new StatsRequest(null, false)));
            Task<ChannelReply> x = world.Begin(() => world.Topic.CreateChannelAsync("x"));
            Task<ChannelReply> y = world.Begin(() => world.Topic.CreateChannelAsync("y"));
            first.SetResult();
            world.Scheduler.RunFor(TimeSpan.FromSeconds(10));

            Assert.True(look.IsCompletedSuccessfully);
            foreach ((Task<ChannelReply> made, string name) in new[] { (x, "x"), (y, "y") })
            {
                ChannelReply now = world.Run(() => world.Topic.DescribeChannelAsync(name));
                Assert.Equal((TopicStatus.Ok, world.Scheduler.Run(() => made).Incarnation), (now.Status, now.Incarnation));
            }
        }
    }

    [Fact]
    public void A_silo_that_finds_a_topic_made_by_another_leaves_its_channels()
    {
        MemoryMessageStore memory = new();
        TaskCompletionSource answer = new();
        using GrainWorld slow = new(memory, known: _ => new LateAnswer(answer.Task));
        Task<TopicReply> making = slow.Begin(() => slow.Topic.CreateAsync());
        using GrainWorld quick = new(memory, seed: 2);
        ChannelReply made = quick.Run(() => quick.Topic.CreateChannelAsync("x"));
        answer.SetResult();

        Assert.True(slow.Scheduler.Run(() => making).IsOk);
        ChannelReply now = slow.Run(() => slow.Topic.DescribeChannelAsync("x"));
        Assert.Equal((TopicStatus.Ok, made.Incarnation), (now.Status, now.Incarnation));
    }

    private sealed class SlowSecondAnswer(TimeProvider time) : IKnownChannels
    {
        private int _asked;

        public async ValueTask<IReadOnlyList<string>> FindAsync(string topic)
        {
            if (++_asked > 1)
                await Task.Delay(TimeSpan.FromSeconds(1), time);
            return ["known"];
        }
    }

    private sealed class LateAnswer(Task answer) : IKnownChannels
    {
        public async ValueTask<IReadOnlyList<string>> FindAsync(string topic)
        {
            await answer;
            return ["known"];
        }
    }
}
