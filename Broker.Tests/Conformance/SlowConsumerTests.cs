using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>A consumer that stops reading costs megabytes, not gigabytes, and holds up nobody else.</summary>
public sealed class SlowConsumerTests
{
    private const int MessageSize = 1 << 20;
    private const int Messages = 50;

    [Fact]
    public async Task A_consumer_that_does_not_read_gets_no_more_than_its_window_and_the_sockets_buffers()
    {
        const int receiveBuffer = 64 << 10;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket slow = await broker.OpenAsync(receiveBuffer);
        await slow.SubscribeAsync("t", "slow", ready: 2500);
        NsqSocket healthy = await broker.SubscribeAsync("t", "healthy", ready: 10);

        await PublishAsync(await broker.OpenAsync(), "t");
        for (int i = 0; i < Messages; i++) await healthy.FinishAsync(await healthy.ExpectMessageAsync());

        await broker.UntilAsync("t", "slow", stats => stats is { MessageCount: Messages, InFlight: > 0 });
        // 512 KiB of window, one message that may exceed it, and up to some 6 MiB that the kernel keeps for a connection on loopback.
        const int most = 12;
        Broker.Channels.ChannelStats? stats = await broker.StatsAsync("t", "slow");
        Assert.InRange(stats!.InFlight, 1, most);
        Assert.Equal(Messages, stats.InFlight + stats.Depth);

        // It takes up reading again and gets everything.
        for (int i = 0; i < Messages; i++) await slow.FinishAsync(await slow.ExpectMessageAsync());
        await broker.UntilAsync("t", "slow", stats => stats is { Finished: Messages, InFlight: 0, Depth: 0, TimedOut: 0 });
    }

    [Fact]
    public async Task Twenty_consumers_that_do_not_read_cost_a_process_megabytes()
    {
        const int slowConsumers = 20;
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        await using NsqSocket producer = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        List<NsqSocket> slow = [];
        for (int i = 0; i < slowConsumers; i++)
        {
            slow.Add(await NsqSocket.OpenAsync(broker.TcpEndPoint));
            await slow[i].SubscribeAsync("t", $"slow-{i}");
        }

        await using NsqSocket healthy = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await healthy.SubscribeAsync("t", "healthy", ready: 10);
        await PublishAsync(producer, "t");
        await ConsumeAsync(healthy);
        long before = broker.ResidentBytes;

        foreach (NsqSocket socket in slow) await socket.ReadyAsync(2500);
        await PublishAsync(producer, "t");
        await ConsumeAsync(healthy);

        // Unbounded it would be twenty times 100 MiB; allowed are 8 MiB a consumer.
        long grown = broker.ResidentBytes - before;
        const long most = slowConsumers * 8L * MessageSize;
        Assert.True(grown < most, $"The process grew by {grown >> 20} MiB, from {before >> 20} MiB.");
        foreach (NsqSocket socket in slow) await socket.DisposeAsync();

        static async Task ConsumeAsync(NsqSocket consumer)
        {
            for (int i = 0; i < Messages; i++) await consumer.FinishAsync(await consumer.ExpectMessageAsync());
        }
    }

    private static async Task PublishAsync(NsqSocket producer, string topic)
    {
        byte[] command = NsqCommand.WithBody($"PUB {topic}", new byte[MessageSize]);
        for (int i = 0; i < Messages; i++)
        {
            await producer.SendAsync(command);
            await producer.ExpectOkAsync();
        }
    }
}
