using Broker.Tests.Lookup;
using Broker.Tests.Running;

namespace Broker.Tests.NodeClient;

/// <summary>nsqjs, told of nothing but a lookup service, against three brokers.</summary>
public sealed class DiscoveryTests
{
    private const int Messages = 200;

    [Fact]
    public async Task Nsqjs_finds_three_brokers_and_misses_nothing_while_one_of_them_is_stopped_and_started()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        string[] flags = [$"--lookupd-tcp-address={lookup.TcpEndPoint}", "--http-address=127.0.0.1:0"];
        await using BrokerProcess first = await BrokerProcess.StartAsync(flags);
        await using BrokerProcess second = await BrokerProcess.StartAsync(flags);
        await using BrokerProcess third = await BrokerProcess.StartAsync(flags);

        HashSet<string> acknowledged = [];
        foreach (BrokerProcess broker in (BrokerProcess[])[first, second, third]) await PublishAsync(broker);
        await using DiscoveringReader reader = DiscoveringReader.Start(lookup.HttpEndPoint, "work", "nsqjs");
        await reader.ExpectAsync(acknowledged);

        // Some of these it gets before the broker stops, some after it has started again.
        await PublishAsync(second);
        Assert.Equal(0, await second.TerminateAsync());

        HashSet<string> meanwhile = [.. await PublishAsync(first), .. await PublishAsync(third)];
        await reader.ExpectAsync(meanwhile);

        await second.StartAsync();
        await PublishAsync(second);
        await reader.ExpectAsync(acknowledged);

        async Task<string[]> PublishAsync(BrokerProcess broker)
        {
            await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
            string[] bodies = [.. Enumerable.Range(acknowledged.Count, Messages).Select(i => $"{i}")];
            foreach (string[] some in bodies.Chunk(10)) await socket.PublishAsync("work", some);
            acknowledged.UnionWith(bodies);
            return bodies;
        }
    }
}
