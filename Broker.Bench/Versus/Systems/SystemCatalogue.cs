namespace Broker.Bench.Versus.Systems;

/// <summary>All systems, in the order of the table.</summary>
internal static class SystemCatalogue
{
    /// <summary>The broker with its default settings.</summary>
    public static readonly ISystem Broker = new NsqSystem(
        "broker", Programs.Broker, "written to the log's file; fsync in the background, every 2,500 messages of a topic or 2 s", []);

    public static readonly IReadOnlyList<ISystem> All =
    [
        Broker,
        new NsqSystem("broker-sync", Programs.Broker, "in the log's file, after an fsync (`--sync-every=1`)", ["--sync-every=1"]),
        new NsqSystem("nsqd", Programs.Nsqd, "nothing: in memory; beyond 10,000 waiting messages written to a file", []),
        new JetStreamSystem(),
        new RedisSystem(),
        new RabbitSystem("rabbitmq", "classic", "in the message store's file, after an fsync: persistent messages in a durable classic queue, with confirms"),
        new RabbitSystem("rabbitmq-quorum", "quorum", "in Raft's log, after an fsync: a quorum queue of one member, with confirms"),
    ];
}
