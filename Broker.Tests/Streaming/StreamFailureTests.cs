using Orleans.TestingHost;
using Xunit.Abstractions;

namespace Broker.Tests.Streaming;

/// <summary>Nothing is lost when silos and the broker come and go; what comes twice is counted.</summary>
/// <remarks>BROKER_STREAM_EVENTS sets how many events each test counts. What is written tells how many came twice.</remarks>
public sealed class StreamFailureTests(StreamFailureTests.Fixture fixture, ITestOutputHelper output) : IClassFixture<StreamFailureTests.Fixture>
{
    [Fact]
    public async Task A_silo_that_is_killed_hands_its_queues_over()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync(silos: 3, someoneDies: true);
        await RunAsync(cluster, "killed", () => cluster.Cluster.KillSiloAsync(cluster.Cluster.Silos[^1]));
    }

    [Fact]
    public async Task A_silo_that_is_added_takes_queues_over() =>
        await RunAsync(fixture.Cluster, "added", () => fixture.Cluster.Cluster.StartAdditionalSiloAsync());

    [Fact]
    public async Task A_silo_that_stops_hands_its_queues_over()
    {
        InProcessSiloHandle silo = await fixture.Cluster.Cluster.StartAdditionalSiloAsync();
        await RunAsync(fixture.Cluster, "stopped", () => fixture.Cluster.Cluster.StopSiloAsync(silo));
    }

    [Fact]
    public async Task A_broker_that_is_killed_and_started_again_is_found_again() => await RunAsync(fixture.Cluster, "broker", async () =>
    {
        await fixture.Cluster.Broker!.KillAsync();
        await fixture.Cluster.StartBrokerAsync();
    });

    [Fact]
    public async Task A_broker_that_is_away_at_the_start_is_found_when_it_comes()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync(
            withBroker: false, options: options => options.PublishTimeout = TimeSpan.FromSeconds(60));
        StreamCount count = new(cluster, "away", StreamCluster.Events);
        Task producing = count.ProduceAsync();
        Assert.False(producing.IsCompleted);
        await cluster.StartBrokerAsync();
        await producing;
        output.WriteLine(await count.NoneIsMissingAsync());
    }

    private async Task RunAsync(StreamCluster cluster, string name, Func<Task> strike)
    {
        StreamCount count = new(cluster, name, StreamCluster.Events);
        Task producing = count.ProduceAsync();
        await count.SomeCameAsync();
        await strike();
        await producing;
        output.WriteLine(await count.NoneIsMissingAsync());
    }

    /// <summary>Silos and a broker that several tests use, one after the other.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        public StreamCluster Cluster { get; private set; } = null!;

        public async Task InitializeAsync() =>
            Cluster = await StreamCluster.StartAsync(options: options => options.PublishTimeout = TimeSpan.FromSeconds(60));

        public async Task DisposeAsync() => await Cluster.DisposeAsync();
    }
}
