using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Topology-aware consumption (spec 1.10): messages prefer the nearest consumer that is ready.</summary>
public sealed class TopologyTests
{
    [Fact]
    public async Task A_message_goes_to_the_nearest_consumer_that_is_ready()
    {
        await using RunningBroker broker = await StartAsync(aware: true);
        NsqSocket far = await SubscribeAsync(broker, "us", "us-1");
        NsqSocket region = await SubscribeAsync(broker, "eu", "eu-2");
        NsqSocket zone = await SubscribeAsync(broker, "eu", "eu-1");
        await broker.UntilAsync("t", "c", stats => stats is { Consumers: [{ Ready: 1 }, { Ready: 1 }, { Ready: 1 }] });

        await broker.PublishAsync("t", "1");
        NsqMessage nearest = await zone.ExpectMessageAsync("1");
        await broker.PublishAsync("t", "2");
        await region.ExpectMessageAsync("2");
        await broker.PublishAsync("t", "3");
        await far.ExpectMessageAsync("3");

        await broker.UntilAsync("t", "c", stats => stats is { ZoneLocal: 1, RegionLocal: 1, Global: 1, InFlight: 3 });
        await zone.FinishAsync(nearest);
        await broker.UntilAsync("t", "c", stats => stats.Finished == 1);
        await broker.PublishAsync("t", "4");
        await zone.ExpectMessageAsync("4");
    }

    [Fact]
    public async Task Without_the_experiment_deliveries_are_not_told_apart()
    {
        await using RunningBroker broker = await StartAsync(aware: false);
        await SubscribeAsync(broker, "us", "us-1");
        await SubscribeAsync(broker, "eu", "eu-1");

        await broker.PublishAsync("t", "1", "2");

        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 2, ZoneLocal: 0, RegionLocal: 0, Global: 2 });
    }

    private static Task<RunningBroker> StartAsync(bool aware) => RunningBroker.StartAsync(settings =>
    {
        settings.Gateway.TopologyAware = settings.Queue.TopologyAware = aware;
        settings.Gateway.TopologyRegion = settings.Queue.TopologyRegion = "eu";
        settings.Gateway.TopologyZone = settings.Queue.TopologyZone = "eu-1";
    });

    private static async Task<NsqSocket> SubscribeAsync(RunningBroker broker, string region, string zone)
    {
        NsqSocket socket = await broker.OpenAsync();
        Assert.Equal("OK", await socket.IdentifyAsync($$"""{"topology_region":"{{region}}","topology_zone":"{{zone}}"}"""));
        await socket.SubscribeAsync("t", "c", ready: 1);
        return socket;
    }
}
