using System.Net.Sockets;
using Broker.Bench.Load;
using Broker.Bench.Sockets;

namespace Broker.Tests.Bench;

public sealed class LoadConnectionTests
{
    private const int Messages = 500;

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void No_message_costs_an_allocation(int batch)
    {
        using ToyServer server = new();
        LoadPlan plan = new() { Work = Work.Both, Server = ServerAddress.Parse(server.Address)!, Batch = batch };
        RunControl run = new(messages: 0);
        ServerConnection subscribed = ServerConnection.Open(plan.Server, plan.Identify, receiveCapacity: 1 << 16);
        subscribed.Subscribe(plan.Topic, plan.Channel);
        using Consumer consumer = new(subscribed, run, plan);
        using Publisher publisher = new(ServerConnection.Open(plan.Server, plan.Identify, receiveCapacity: 1024), run, plan, index: 0);
        consumer.Connection.StopBlocking();
        publisher.Connection.StopBlocking();
        consumer.Start();
        run.Measure();
        publisher.Start();
        ReadUntil(publisher, () => publisher.Acknowledged >= Messages);
        ReadUntil(consumer, () => consumer.Messages >= Messages);

        long allocated = ReadUntil(publisher, () => publisher.Acknowledged >= 2 * Messages)
            + ReadUntil(consumer, () => consumer.Messages >= 2 * Messages);
        Assert.Equal(0, allocated);
        Assert.True(consumer.Deliveries.Count > Messages);
    }

    /// <summary>Returns the bytes that reading allocated.</summary>
    private static long ReadUntil(LoadConnection connection, Func<bool> isDone)
    {
        long allocated = 0;
        while (!isDone())
        {
            connection.Connection.Socket.Poll(-1, SelectMode.SelectRead);
            long before = GC.GetAllocatedBytesForCurrentThread();
            connection.Read();
            allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
        return allocated;
    }
}
