using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Broker.Bench.Streams;

/// <summary>What a provider keeps its events in, with a folder of its own that ends with it.</summary>
internal sealed class StreamServer : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("broker-streams-");

    /// <summary>Where it listens; empty for a provider without one.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Its process; null for a provider without one.</summary>
    public ChildProcess? Process { get; private set; }

    /// <summary>Room for files of the run.</summary>
    public string Folder => _folder.FullName;

    public static async Task<StreamServer> StartAsync(StreamProviderKind kind, string broker, string nats, CancellationToken interrupt)
    {
        StreamServer server = new();
        try
        {
            switch (kind)
            {
                case StreamProviderKind.Broker:
                    server.Address = $"127.0.0.1:{FreePort()}";
                    server.Process = await ChildProcess.StartAsync(
                        broker, ["nsqd", $"--tcp-address={server.Address}", "--http-address=", $"--data-path={server.Folder}"], "TCP: listening on", interrupt);
                    break;
                case StreamProviderKind.Nats:
                    server.Address = $"127.0.0.1:{FreePort()}";
                    server.Process = await ChildProcess.StartAsync(nats, ["-c", await server.WriteNatsSettingsAsync(interrupt)], "Server is ready", interrupt);
                    break;
            }
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Dispose()
    {
        Process?.Dispose();
        _folder.Delete(recursive: true);
    }

    // The mapping is the one that the provider asks for with the stream, which servers before 2.10 do not know there.
    private async Task<string> WriteNatsSettingsAsync(CancellationToken interrupt)
    {
        string path = Path.Combine(Folder, "nats.conf");
        string settings = string.Create(CultureInfo.InvariantCulture, $$$"""
            listen: "{{{Address}}}"
            jetstream { store_dir: "{{{Folder}}}" }
            mappings = { "{{{StreamCluster.Provider}}}.*.*": "{{{StreamCluster.Provider}}}.{{partition(8,1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}" }
            """);
        await File.WriteAllTextAsync(path, settings, interrupt);
        return path;
    }
}
