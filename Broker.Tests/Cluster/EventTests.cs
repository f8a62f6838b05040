using System.Collections.Concurrent;
using Broker.Events;
using Broker.Gateway.Events;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Cluster;

/// <summary>What gateways are told.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task Every_change_is_told_to_whoever_listens()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        ConcurrentQueue<BrokerEvent> told = await ListenAsync(broker);
        await broker.Topic("t").CreateChannelAsync("c");
        await broker.Topic("t").PauseChannelAsync("c", true);
        await broker.Topic("t").PauseChannelAsync("c", false);
        await broker.Topic("t").PauseAsync(true);
        await broker.Topic("t").PauseAsync(true);
        await broker.Topic("t").PauseAsync(false);
        await broker.Topic("t").DeleteChannelAsync("c", 0);
        await broker.Topic("t").DeleteAsync();
        await Eventually.TrueAsync(() => told.Contains(new BrokerEvent(BrokerEventKind.TopicDeleted, "t")));
        Assert.Equal(
            [
                new(BrokerEventKind.TopicCreated, "t"),
                new(BrokerEventKind.ChannelCreated, "t", "c"),
                new(BrokerEventKind.ChannelPaused, "t", "c"),
                new(BrokerEventKind.ChannelResumed, "t", "c"),
                new(BrokerEventKind.TopicPaused, "t"),
                new(BrokerEventKind.TopicResumed, "t"),
                new(BrokerEventKind.ChannelDeleted, "t", "c"),
                new(BrokerEventKind.TopicDeleted, "t"),
            ],
            told.Where(happened => happened.Topic == "t"));
    }

    [Fact]
    public async Task Nodes_that_join_and_leave_are_told()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        ConcurrentQueue<BrokerEvent> told = await ListenAsync(broker);
        await using (await SecondGateway.StartAsync(broker))
            await Eventually.TrueAsync(() => told.Any(happened => happened.Kind == BrokerEventKind.NodeJoined));
        await Eventually.TrueAsync(() => told.Any(happened => happened.Kind == BrokerEventKind.NodeLeft));
    }

    // The directory hears of the gateway while the broker starts.
    private static async Task<ConcurrentQueue<BrokerEvent>> ListenAsync(RunningBroker broker)
    {
        ConcurrentQueue<BrokerEvent> told = new();
        broker.Services.GetRequiredService<EventFeed>().Received += told.Enqueue;
        await Eventually.TrueAsync(async () =>
        {
            await broker.Topic("first").CreateAsync();
            await broker.Topic("first").DeleteAsync();
            return !told.IsEmpty;
        });
        return told;
    }
}
