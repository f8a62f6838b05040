using Broker.Orleans.Streaming;
using Broker.Orleans.Streaming.Queues;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Broker.Orleans.Streaming.Watching;
using Broker.Client;
using Broker.Tests.Lookup;
using Broker.Tests.Running;
using Broker.Tests.Simulation;
using Orleans.Runtime;
using Orleans.Streams;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Streaming;

/// <summary>No queue that was in use is left without a reader.</summary>
public sealed class QueueCountTests
{
    [Fact]
    public async Task Fewer_queues_than_were_in_use_are_refused_until_the_former_number_is_named()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        Assert.Null(await CheckAsync(broker, queues: 8, former: 0));
        Assert.Null(await CheckAsync(broker, queues: 8, former: 0));
        string? refusal = await CheckAsync(broker, queues: 4, former: 0);
        Assert.NotNull(refusal);
        Assert.Contains("set FormerQueueCount to 8", refusal);
        Assert.Null(await CheckAsync(broker, queues: 4, former: 8));
    }

    [Fact]
    public async Task More_queues_are_taken_and_remembered()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        Assert.Null(await CheckAsync(broker, queues: 2, former: 0));
        Assert.Null(await CheckAsync(broker, queues: 3, former: 0));
        Assert.Contains("set FormerQueueCount to 3", await CheckAsync(broker, queues: 2, former: 0));
    }

    [Fact]
    public void Queues_that_were_given_up_are_still_received_from_and_get_nothing_new()
    {
        BrokerStreamOptions options = new() { QueueCount = 2, FormerQueueCount = 5, Topics = [new BrokerTopicStream { Topic = "clicks" }] };
        QueueMap map = new("p", "c", options);
        Assert.Equal(["p.0", "p.1", "p.2", "p.3", "p.4", "clicks"], map.GetAllQueues().Select(queue => map.SourceOf(queue).Topic));
        Assert.Equal(
            ["p.0", "p.1"],
            Enumerable.Range(0, 100).Select(i => map.SourceOf(map.GetQueueForStream(StreamId.Create("n", $"k{i}"))).Topic).Distinct().Order());
        Assert.Equal("clicks", map.SourceOf(map.GetQueueForStream(StreamId.Create("clicks", "any"))).Topic);
        Assert.Equal(6, map.GetAllQueues().Select(queue => queue.GetUniformHashCode()).Distinct().Count());
    }

    [Fact]
    public async Task A_silo_that_only_receives_waits_for_what_a_lookup_service_may_find_and_no_longer()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        BrokerStreamOptions options = new() { LookupAddresses = [lookup.HttpEndPoint.ToString()], QueueCount = 2 };
        VirtualTimeProvider time = new();
        Task<string?> check = CheckAsync(options, time);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return check.IsCompleted;
        });
        Assert.Null(await check);
        Assert.True(time.Elapsed >= 2 * BrokerAccess.LookupInterval, $"{time.Elapsed}");

        await using BrokerProcess broker = await BrokerProcess.StartAsync($"--lookupd-tcp-address={lookup.TcpEndPoint}", "--broadcast-address=127.0.0.1", "--http-address=127.0.0.1:0");
        Assert.Null(await CheckAsync(broker, queues: 3, former: 0));
        Assert.Contains("set FormerQueueCount to 3", await CheckAsync(options, TimeProvider.System));
    }

    private static Task<string?> CheckAsync(BrokerProcess broker, int queues, int former) => CheckAsync(
        new BrokerStreamOptions { Addresses = [broker.TcpEndPoint.ToString()], QueueCount = queues, FormerQueueCount = former }, TimeProvider.System);

    private static async Task<string?> CheckAsync(BrokerStreamOptions options, TimeProvider time)
    {
        BrokerPresence presence = new("p", NullLogger.Instance);
        BrokerAccess access = new(options, presence, NullLoggerFactory.Instance, TimeProvider.System);
        await using NsqProducer? producer = options.Addresses.Count == 0 ? null : access.CreateProducer();
        QueueCountCheck check = new("p", "p", "c", options, access, producer, presence, NullLogger.Instance, time);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        bool passes = await check.PassesAsync(patience.Token);
        Assert.Equal(presence.RefusedBecause is null, passes);
        return presence.RefusedBecause;
    }
}
