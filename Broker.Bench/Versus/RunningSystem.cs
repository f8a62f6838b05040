using Broker.Bench.Measuring;

namespace Broker.Bench.Versus;

/// <summary>A server with the folder of its data; both go when it is disposed of.</summary>
internal sealed class RunningSystem : IAsyncDisposable
{
    private readonly ServerFolder _folder;

    private RunningSystem(IServer server, ServerFolder folder)
    {
        _folder = folder;
        Server = server;
        Process = new ServerProcess(server.Pids);
    }

    public IServer Server { get; }

    public ServerProcess Process { get; }

    /// <summary>Starts a system.</summary>
    /// <param name="system">Which.</param>
    /// <param name="program">Its program.</param>
    /// <param name="parent">Where its folder is made; null for the system's folder of temporary files.</param>
    /// <exception cref="LoadException">It does not start.</exception>
    public static async Task<RunningSystem> StartAsync(ISystem system, string program, string? parent)
    {
        ServerFolder folder = new(parent);
        try
        {
            return new RunningSystem(await system.StartAsync(program, folder.Path), folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
