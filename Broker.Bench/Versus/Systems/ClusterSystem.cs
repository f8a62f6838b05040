using System.Globalization;
using Broker.Bench.Sockets;

namespace Broker.Bench.Versus.Systems;

/// <summary>Several silos of the broker that share a PostgreSQL database.</summary>
/// <param name="silos">How many.</param>
/// <param name="database">Connection string of the database; a schema is made in it, and dropped at the end.</param>
internal sealed class ClusterSystem(int silos, string database) : ISystem
{
    public string Name => "cluster";

    public ServerProgram Program => Programs.Broker;

    public string AtTheOk => "committed by PostgreSQL";

    public string Batch => "MPUB";

    public async Task<IServer> StartAsync(string program, string folder)
    {
        string schema = $"bench_{Guid.NewGuid():N}";
        Dictionary<string, string> environment = new() { ["BROKER_POSTGRES"] = database };
        List<StartedProgram> started = [];
        List<ServerAddress> addresses = [];
        try
        {
            for (int silo = 0; silo < silos; silo++)
            {
                int tcp = StartedProgram.FreePort(), http = StartedProgram.FreePort();
                string data = Directory.CreateDirectory(Path.Combine(folder, silo.ToString(CultureInfo.InvariantCulture))).FullName;
                started.Add(StartedProgram.Start(
                    program,
                    [
                        "nsqd", $"--tcp-address=127.0.0.1:{tcp}", $"--http-address=127.0.0.1:{http}", $"--data-path={data}", "--log-level=warn",
                        "--storage=postgres", $"--postgres-schema={schema}", $"--cluster-id={schema}", "--advertised-address=127.0.0.1",
                        $"--silo-port={StartedProgram.FreePort()}", "--gateway-port=0",
                    ],
                    data,
                    environment));
                addresses.Add(await started[^1].ListeningAsync(tcp));
            }
            return new ClusterServer(started, addresses, database, schema, await StartedProgram.AskVersionAsync(program, "nsqd", "--version"));
        }
        catch
        {
            foreach (StartedProgram silo in started)
                await silo.DisposeAsync();
            throw;
        }
    }
}
