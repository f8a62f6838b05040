using Broker.Bench.Load;
using Broker.Bench.Versus;
using Broker.Bench.Versus.Works;

namespace Broker.Bench.Scale;

/// <summary>All that can grow.</summary>
internal static class DimensionCatalogue
{
    // Deliveries a second that two processors carry with ease, so that CPU and latency are compared at the same load.
    private const double Deliveries = 50_000;
    private const int SmallBatch = 20;
    private const int PacedPipeline = 100;

    // Of one publish, and of what a consumer allows in flight.
    private const long PublishBytes = 1 << 20;
    private const long InFlightBytes = 64 << 20;

    /// <summary>Silos of one cluster; needs a database.</summary>
    public static readonly Dimension Silos = new(
        "silos",
        "silos on one database",
        [1, 2, 3, 4],
        silos => new LoadWork(
            "batches",
            "batches of 200 on 8 connections over all silos, 8 topics, each with a channel that nobody reads",
            WorkCatalogue.NoServer with { Producers = 8, Batch = 200, Topics = 8 }),
        Same);

    public static readonly IReadOnlyList<Dimension> All =
    [
        new("size", "bytes of a message", [16, 64, 200, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576], Sized, (settings, size) => settings with { Size = (int)size }),
        new("topics", "topics", [1, 10, 100, 1000, 10_000], topics => new BesideBacklogWork(new LoadWork(
            "pipelined",
            "single publishes to all topics in turns, 4 connections, 100 of each under way; topics that were published to before, a channel each that nobody reads",
            WorkCatalogue.NoServer with { Producers = 4, Pipeline = 100, Topics = (int)topics }), batch: 1), (settings, topics) => settings with { Backlog = topics }),
        new("channels", "channels of a topic", [1, 2, 5, 10, 20, 50, 100, 200], channels => new LoadWork(
            "fan-out",
            $"published at the rate that makes {Deliveries:0} deliveries a second, in batches of {SmallBatch}; a connection consumes each channel",
            WorkCatalogue.NoServer with { Work = Work.Both, Channels = (int)channels, Batch = SmallBatch, Rate = Deliveries / channels, Pipeline = PacedPipeline }), Same),
        new("consumers", "consumers of a channel", [1, 10, 100, 1000], consumers => new LoadWork(
            "shared channel",
            $"published and consumed at {Deliveries:0} a second, in batches of {SmallBatch}; 100 in flight each",
            WorkCatalogue.NoServer with { Work = Work.Both, Consumers = (int)consumers, Batch = SmallBatch, Rate = Deliveries, Pipeline = PacedPipeline, Ready = 100 }), Same),
        new("connections", "connections", [1, 10, 100, 1000, 10_000], connections => new LoadWork(
            "single",
            "single publishes, each acknowledged before the next of its connection; so the latency grows with the number that wait",
            WorkCatalogue.NoServer with { Producers = (int)connections }), Same),
        new("backlog", "messages that wait", [0, 10_000, 100_000, 1_000_000, 10_000_000], _ => new BesideBacklogWork(new LoadWork(
            "batches",
            "batches of 200, each acknowledged before the next, 2 connections, on a topic with a backlog that nobody consumes",
            WorkCatalogue.NoServer with { Producers = 2, Batch = 200 }), batch: 200), (settings, waiting) => settings with { Backlog = waiting }),
        new("drain", "messages that wait, and are consumed", [10_000, 100_000, 1_000_000, 10_000_000],
            _ => new BacklogWork(), (settings, waiting) => settings with { Backlog = waiting }),
        Silos,
    ];

    private static WorkSettings Same(WorkSettings settings, long step) => settings;

    private static LoadWork Sized(long size) => new(
        "both",
        $"published and consumed at once, 2 + 2 connections: batches of up to 200 and {PublishBytes >> 20} MiB, up to 2,500 and {InFlightBytes >> 20} MiB in flight each",
        WorkCatalogue.NoServer with
        {
            Work = Work.Both,
            Producers = 2,
            Consumers = 2,
            Batch = (int)Math.Clamp(PublishBytes / (size + sizeof(int)), 1, 200),
            Ready = (int)Math.Clamp(InFlightBytes / size, 1, 2500),
        });
}
