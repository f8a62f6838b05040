using Broker.Bench.Sockets;
using Broker.Bench.Versus.Clients;

namespace Broker.Bench.Versus.Systems;

/// <summary>RabbitMQ with durable queues of one type.</summary>
/// <param name="name">What it is called.</param>
/// <param name="queueType">What RabbitMQ calls the type.</param>
/// <param name="atTheOk">What is on disk at a confirm.</param>
internal sealed class RabbitSystem(string name, string queueType, string atTheOk) : ISystem
{
    // Erlang's register of nodes; RabbitMQ does not start without one, and would leave its own behind.
    private static readonly ServerProgram NodeRegister = new("epmd", "Debian: erlang-base", "epmd", "/usr/bin/epmd");

    public string Name => name;

    public ServerProgram Program => Programs.Rabbit;

    public string AtTheOk => atTheOk;

    public string Batch => "as many publishes at once, all confirms awaited";

    public async Task<IServer> StartAsync(string program, string folder)
    {
        string register = NodeRegister.Find(new Dictionary<string, string>())
            ?? throw new LoadException($"epmd is not installed ({NodeRegister.Package}), which RabbitMQ needs");
        int port = StartedProgram.FreePort(), registerPort = StartedProgram.FreePort();
        StartedProgram epmd = StartedProgram.Start(register, ["-port", $"{registerPort}", "-address", "127.0.0.1"], folder);
        try
        {
            await epmd.ListeningAsync(registerPort);
            StartedProgram started = StartedProgram.Start(program, [], folder, Environment(folder, port, registerPort));
            try
            {
                ServerAddress address = await started.ListeningAsync(port);
                RabbitClient client = await RabbitClient.OpenAsync(address, queueType);
                return new ClientServer(started, address, client, client.ServerVersion, epmd);
            }
            catch
            {
                await started.DisposeAsync();
                throw;
            }
        }
        catch
        {
            await epmd.DisposeAsync();
            throw;
        }
    }

    private static Dictionary<string, string> Environment(string folder, int port, int registerPort) => new()
    {
        ["HOME"] = folder,
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["ERL_EPMD_PORT"] = $"{registerPort}",
        ["RABBITMQ_NODENAME"] = $"bench{port}@localhost",
        ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
        ["RABBITMQ_NODE_PORT"] = $"{port}",
        ["RABBITMQ_DIST_PORT"] = $"{StartedProgram.FreePort()}",
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        ["RABBITMQ_CONF_ENV_FILE"] = Path.Combine(folder, "rabbitmq-env.conf"),
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(folder, "rabbitmq"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder, "enabled_plugins"),
        ["RABBITMQ_MNESIA_BASE"] = Path.Combine(folder, "data"),
        ["RABBITMQ_LOG_BASE"] = Path.Combine(folder, "log"),
        ["RABBITMQ_PID_FILE"] = Path.Combine(folder, "pid"),
    };
}
