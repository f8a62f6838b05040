using Broker.Bench.Sockets;
using Broker.Bench.Versus.Clients;

namespace Broker.Bench.Versus.Systems;

/// <summary>Streams of Redis, with its file of commands.</summary>
internal sealed class RedisSystem : ISystem
{
    public string Name => "redis";

    public ServerProgram Program => Programs.Redis;

    public string AtTheOk => "written to the file of commands (`appendonly`); fsync every second, its default";

    public string Batch => "as many XADDs in one pipeline, all awaited";

    public async Task<IServer> StartAsync(string program, string folder)
    {
        int port = StartedProgram.FreePort();
        StartedProgram started = StartedProgram.Start(
            program,
            ["--bind", "127.0.0.1", "--port", $"{port}", "--dir", folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--loglevel", "warning"],
            folder);
        try
        {
            ServerAddress address = await started.ListeningAsync(port);
            return new ClientServer(started, address, await RedisClient.OpenAsync(address), await StartedProgram.AskVersionAsync(program, "--version"));
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }
}
