using System.Text;
using Broker.Client;
using Broker.Orleans.Streaming;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Tests.Streaming;

/// <summary>Topics of programs that know nothing of Orleans.</summary>
public sealed class TopicStreamTests(TopicStreamTests.Fixture fixture) : IClassFixture<TopicStreamTests.Fixture>
{
    private StreamCluster Cluster => fixture.Cluster;

    [Fact]
    public async Task Messages_of_a_topic_are_events_of_the_stream_that_their_body_names()
    {
        IAsyncStream<string> stream = Cluster.Streams.GetStream<string>(StreamId.Create("clicks", "a"));
        TaskCompletionSource<string> came = new(TaskCreationOptions.RunContinuationsAsynchronously);
        StreamSubscriptionHandle<string> handle = await stream.SubscribeAsync((item, _) =>
        {
            came.TrySetResult(item);
            return Task.CompletedTask;
        });
        await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { $"127.0.0.1:{Cluster.Port}" } });
        await producer.PublishAsync("clicks", "b:not mine"u8.ToArray());
        await producer.PublishAsync("clicks", "a:mine"u8.ToArray());
        Assert.Equal("a:mine", await came.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task Events_of_a_namespace_go_out_as_plain_bodies()
    {
        await using NsqConsumer consumer = new(new NsqConsumerOptions { Topic = "mail", Channel = "test", Addresses = { $"127.0.0.1:{Cluster.Port}" } });
        List<string> bodies = [];
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await consumer.StartAsync((message, _) =>
        {
            bodies.Add(Encoding.UTF8.GetString(message.Body.Span));
            if (bodies.Count == 3) all.TrySetResult();
            return ValueTask.CompletedTask;
        });
        await Cluster.Streams.GetStream<object>(StreamId.Create("letters", "any")).OnNextAsync("plain");
        await Cluster.Streams.GetStream<object>(StreamId.Create("letters", "any")).OnNextBatchAsync([new { Item = "beer" }, 5]);
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(["plain", """{"item":"beer"}""", "5"], bodies);
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public StreamCluster Cluster { get; private set; } = null!;

        public async Task InitializeAsync() => Cluster = await StreamCluster.StartAsync(options: options => options.Topics =
        [
            new BrokerTopicStream { Topic = "clicks", KeySelector = body => Encoding.UTF8.GetString(body.Span).Split(':')[0] },
            new BrokerTopicStream { Topic = "mail", Namespace = "letters", Receive = false },
        ]);

        public async Task DisposeAsync() => await Cluster.DisposeAsync();
    }
}
