namespace Broker.Bench.Versus.Systems;

/// <summary>The programs that can be measured.</summary>
internal static class Programs
{
    // From the folder of this program in a checkout that was built.
    private const string InCheckout = "../../../../Broker.Silo/bin/Release/net10.0/Broker.Silo";

    public static readonly ServerProgram Broker = new(
        "broker", "build Broker.Silo in Release", Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, InCheckout)), "Broker.Silo");

    public static readonly ServerProgram Nsqd = new("nsqd", "from nsq.io", "nsqd");
    public static readonly ServerProgram Nats = new("nats", "Debian: nats-server", "nats-server", "/usr/sbin/nats-server");
    public static readonly ServerProgram Redis = new("redis", "Debian: redis-server", "redis-server");

    // Debian's one on the path changes the user and drops the environment, which says where its data goes.
    public static readonly ServerProgram Rabbit = new("rabbitmq", "Debian: rabbitmq-server", "/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server");
}
