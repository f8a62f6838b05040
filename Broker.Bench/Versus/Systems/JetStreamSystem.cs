using Broker.Bench.Sockets;
using Broker.Bench.Versus.Clients;

namespace Broker.Bench.Versus.Systems;

/// <summary>NATS with JetStream on file.</summary>
internal sealed class JetStreamSystem : ISystem
{
    public string Name => "jetstream";

    public ServerProgram Program => Programs.Nats;

    public string AtTheOk => "written to the stream's file; fsync every 2 min, its default";

    public string Batch => "as many publishes at once, all awaited";

    public async Task<IServer> StartAsync(string program, string folder)
    {
        int port = StartedProgram.FreePort();
        StartedProgram started = StartedProgram.Start(program, ["--jetstream", "--store_dir", folder, "--addr", "127.0.0.1", "--port", $"{port}"], folder);
        try
        {
            ServerAddress address = await started.ListeningAsync(port);
            return new ClientServer(started, address, new JetStreamClient(address), await StartedProgram.AskVersionAsync(program, "--version"));
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }
}
