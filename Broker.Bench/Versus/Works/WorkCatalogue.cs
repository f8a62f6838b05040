using Broker.Bench.Load;
using Broker.Bench.Sockets;

namespace Broker.Bench.Versus.Works;

/// <summary>All works, in the order of the table.</summary>
internal static class WorkCatalogue
{
    /// <summary>A plan that lacks its server.</summary>
    public static readonly LoadPlan NoServer = new() { Work = Work.Publish, Server = new ServerAddress("127.0.0.1", 0) };

    public static readonly IWork Single = new LoadWork(
        "single",
        "single publishes, each acknowledged before the next, 16 connections",
        NoServer with { Producers = 16 });

    public static readonly IWork Both = new LoadWork(
        "both",
        "published and consumed at once: batches of 200 on 2 connections, 2 connections that consume, 2,500 in flight each",
        NoServer with { Work = Work.Both, Producers = 2, Batch = 200, Consumers = 2, Ready = 2500 });

    public static readonly IReadOnlyList<IWork> All =
    [
        Single,
        new LoadWork(
            "pipelined",
            "single publishes, 100 of a connection under way, 4 connections",
            NoServer with { Producers = 4, Pipeline = 100 }),
        new LoadWork(
            "batches",
            "batches of 200, each acknowledged before the next, 2 connections",
            NoServer with { Producers = 2, Batch = 200 }),
        Both,
        new BacklogWork(),
        new LoadWork(
            "paced",
            "from end to end at 1,000/s: single publishes on 1 connection, 1 that consumes, 1 in flight",
            NoServer with { Work = Work.Both, Rate = 1000, Pipeline = 100, Ready = 1 }),
    ];
}
