using System.Collections.Concurrent;
using System.Text;
using Broker.Client;
using Broker.Tests.Running;
using NsqMessage = Broker.Client.NsqMessage;

namespace Broker.Tests.Client;

/// <summary>Producer and consumer against the whole broker, over real sockets.</summary>
public sealed class BrokerConversationTests
{
    [Fact]
    public async Task What_is_published_is_handled_and_finished()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await using NsqProducer producer = new(ProducerOptions(broker));
        ConcurrentQueue<string> bodies = [];
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using NsqConsumer consumer = new(ConsumerOptions(broker));
        await consumer.StartAsync((message, _) =>
        {
            Assert.Equal(1, message.Attempts);
            Assert.InRange(message.Timestamp, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
            bodies.Enqueue(Text(message));
            if (bodies.Count == 4) all.SetResult();
            return ValueTask.CompletedTask;
        });
        Assert.Equal(1, consumer.ConnectionCount);

        await producer.PublishAsync("orders", "one"u8.ToArray());
        await producer.PublishAsync("orders", ["two"u8.ToArray(), "three"u8.ToArray()]);
        await producer.PublishDeferredAsync("orders", "four"u8.ToArray(), TimeSpan.FromMilliseconds(20));
        await all.Task.WaitAsync(NsqSocket.Patience);
        await consumer.StopAsync();

        Assert.Equal(["four", "one", "three", "two"], bodies.Order());
        await broker.UntilAsync("orders", "mail", stats => stats is { Finished: 4, InFlight: 0, Depth: 0, ConsumerCount: 0 });
    }

    private static NsqProducerOptions ProducerOptions(RunningBroker broker) => new() { Addresses = { broker.TcpEndPoint.ToString()! } };

    private static NsqConsumerOptions ConsumerOptions(RunningBroker broker) =>
        new() { Topic = "orders", Channel = "mail", Addresses = { broker.TcpEndPoint.ToString()! } };

    private static string Text(NsqMessage message) => Encoding.UTF8.GetString(message.Body.Span);
}
