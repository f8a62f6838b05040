using System.Net.Sockets;
using Broker.Tests.Running;
using Broker.Tests.Client;

namespace Broker.Tests.Http;

/// <summary>What refused requests cost in memory; measured while nothing else runs in the process.</summary>
[Collection(AllocationCollection.Name)]
public sealed class RefusalCostTests
{
    [Fact]
    public async Task Refused_requests_leave_nothing_behind()
    {
        const int requests = 10_000;
        const long tolerance = 4 << 20;
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Gateway.MaxMsgSize = 1000);
        await SendAsync(0, 200);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await SendAsync(200, requests);
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.InRange(after - before, long.MinValue, tolerance);

        async Task SendAsync(int from, int to) => await Parallel.ForAsync(from, to, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            HttpReply reply = await ((i % 5) switch
            {
                0 => broker.PostAsync($"/topic/pause?topic=unknown-{i}"),
                1 => broker.PostAsync($"/pub?topic=bad:name-{i}", "x"),
                2 => broker.GetAsync($"/pub?topic=t-{i}"),
                3 => broker.PostAsync($"/pub?topic=t-{i}", new string('x', 1001)),
                _ => broker.GetAsync($"/stats?format=json&include_mem=false&topic=unknown-{i}"),
            });
            Assert.Equal((i % 5) switch { 0 => 404, 1 => 400, 2 => 405, 3 => 413, _ => 200 }, reply.Status);
        });
    }
}
