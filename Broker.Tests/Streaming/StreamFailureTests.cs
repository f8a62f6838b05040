using Orleans.Runtime;
using Orleans.Streams;
using Orleans.TestingHost;
using Xunit.Abstractions;

namespace Broker.Tests.Streaming;

/// <summary>Nothing is lost when silos and the broker come and go; what comes twice is counted.</summary>
public sealed class StreamFailureTests(ITestOutputHelper output)
{
    private const int Streams = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    [Fact]
    public async Task A_silo_that_is_killed_hands_its_queues_over()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync(silos: 3, someoneDies: true);
        int each = StreamCluster.Events / Streams;
        Task producing = ProduceAsync(cluster, each);
        await SomeCameAsync(cluster, each / 4);
        await cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[^1]);
        await producing;
        await NoneIsMissingAsync(cluster, each);
    }

    [Fact]
    public async Task A_silo_that_is_added_takes_queues_over()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync(silos: 2);
        int each = StreamCluster.Events / Streams;
        Task producing = ProduceAsync(cluster, each);
        await SomeCameAsync(cluster, each / 4);
        await cluster.Cluster.StartAdditionalSiloAsync();
        await producing;
        await NoneIsMissingAsync(cluster, each);
    }

    [Fact]
    public async Task A_silo_that_stops_hands_its_queues_over()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync(silos: 2);
        int each = StreamCluster.Events / Streams;
        Task producing = ProduceAsync(cluster, each);
        await SomeCameAsync(cluster, each / 4);
        await cluster.Cluster.StopSiloAsync(cluster.Cluster.Silos[^1]);
        await producing;
        await NoneIsMissingAsync(cluster, each);
    }

    [Fact]
    public async Task A_broker_that_is_killed_and_started_again_is_found_again()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync(options: options => options.PublishTimeout = TimeSpan.FromSeconds(60));
        int each = StreamCluster.Events / Streams;
        Task producing = ProduceAsync(cluster, each);
        await SomeCameAsync(cluster, each / 4);
        await cluster.Broker!.KillAsync();
        await cluster.StartBrokerAsync();
        await producing;
        await NoneIsMissingAsync(cluster, each);
    }

    [Fact]
    public async Task A_broker_that_is_away_at_the_start_is_found_when_it_comes()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync(
            withBroker: false, options: options => options.PublishTimeout = TimeSpan.FromSeconds(60));
        Task producing = ProduceAsync(cluster, 10);
        Assert.False(producing.IsCompleted);
        await cluster.StartBrokerAsync();
        await producing;
        await NoneIsMissingAsync(cluster, 10);
    }

    private static Task ProduceAsync(StreamCluster cluster, int each) => Task.WhenAll(
        Enumerable.Range(0, Streams).Select(i => cluster.ProduceAsync(ImplicitListenerGrain.Namespace, $"s{i}", 0, each)));

    private static Task SomeCameAsync(StreamCluster cluster, int count) => cluster.Record.WaitUntilAsync(
        () => Enumerable.Range(0, Streams).Sum(i => cluster.Record.Of($"implicit/s{i}").Length) >= count, () => "hardly any came", Patience);

    private async Task NoneIsMissingAsync(StreamCluster cluster, int each)
    {
        int twice = 0;
        for (int i = 0; i < Streams; i++) twice += await cluster.Record.WaitForAllAsync($"implicit/s{i}", each, Patience);
        output.WriteLine($"none of {each * Streams} missing, {twice} came twice");
        await cluster.WaitUntilNothingIsHeldAsync();
    }
}
