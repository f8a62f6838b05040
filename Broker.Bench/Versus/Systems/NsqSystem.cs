namespace Broker.Bench.Versus.Systems;

/// <summary>A server that speaks NSQ's protocol and takes nsqd's flags.</summary>
/// <param name="name">What it is called.</param>
/// <param name="program">What serves it.</param>
/// <param name="atTheOk">What is on disk at the OK.</param>
/// <param name="arguments">Arguments beside addresses and folder.</param>
internal sealed class NsqSystem(string name, ServerProgram program, string atTheOk, IReadOnlyList<string> arguments) : ISystem
{
    public string Name => name;

    public ServerProgram Program => program;

    public string AtTheOk => atTheOk;

    public string Batch => "MPUB";

    public async Task<IServer> StartAsync(string program, string folder)
    {
        int tcp = StartedProgram.FreePort(), http = StartedProgram.FreePort();
        string[] role = Program == Programs.Broker ? ["nsqd"] : [];
        StartedProgram started = StartedProgram.Start(
            program,
            [.. role, $"--tcp-address=127.0.0.1:{tcp}", $"--http-address=127.0.0.1:{http}", $"--data-path={folder}", "--log-level=warn", .. arguments],
            folder);
        try
        {
            await started.ListeningAsync(http);
            return new NsqServer(started, await started.ListeningAsync(tcp), http, await StartedProgram.AskVersionAsync(program, [.. role, "--version"]));
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }
}
