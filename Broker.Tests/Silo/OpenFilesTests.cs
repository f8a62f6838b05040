using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Broker.Tests.Gateway;
using Broker.Tests.Http;
using Broker.Tests.Running;
using NsqSocket = Broker.Tests.Running.NsqSocket;

namespace Broker.Tests.Silo;

/// <summary>A process that may have few open files: connections wait, nobody who is there is lost, and it says so.</summary>
public sealed partial class OpenFilesTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(64, "nsqd", 400)]
    [InlineData(256, "nsqd", 400)]
    [InlineData(64, "nsqlookupd", 256)]
    public async Task Too_few_end_it_with_one_line(int limit, string role, int fewest)
    {
        using Process process = Start(limit, $"{role} --tcp-address=127.0.0.1:0 --http-address=127.0.0.1:0");
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(2, process.ExitCode);
        Assert.Equal(
            $"Broker.Silo: this process may have {limit} open files and needs {fewest} at least, one more for each connection; "
                + "raise the limit with \"ulimit -n\" or LimitNOFILE=",
            error.TrimEnd());
    }

    [Theory]
    [InlineData(512, 450, true)]
    [InlineData(1024, 900, true)]
    [InlineData(20_000, 900, false)]
    public async Task More_connections_than_files_wait_and_a_consumer_goes_on(int limit, int connections, bool areTooMany)
    {
        using Process process = Start(limit, "nsqd --tcp-address=127.0.0.1:0 --http-address=127.0.0.1:0");
        List<Socket> crowd = [];
        try
        {
            (IPEndPoint tcp, IPEndPoint http) = await ReadAddressesAsync(process.StandardError);
            await using NsqSocket consumer = await NsqSocket.OpenAsync(tcp);
            await consumer.SubscribeAsync("t", "c", ready: 1);
            await using NsqSocket producer = await NsqSocket.OpenAsync(tcp);
            for (int i = 0; i < connections; i++)
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                crowd.Add(socket);
                await socket.ConnectAsync(tcp);
                await socket.SendAsync("  V2"u8.ToArray());
            }
            using HttpClient client = HttpBroker.ClientOf(http);
            if (areTooMany)
                await Eventually.TrueAsync(async () => Waited().Match(await client.GetStringAsync("/metrics")) is { Success: true } waited && waited.Groups[1].Value != "0");
            for (int i = 0; i < 20; i++)
            {
                await producer.PublishAsync("t", $"{i}");
                await consumer.FinishAsync(await consumer.ExpectMessageAsync($"{i}"));
            }
            Assert.Equal("OK", await client.GetStringAsync("/ping"));

            foreach (Socket socket in crowd)
                socket.Dispose();
            await using NsqSocket next = await NsqSocket.OpenAsync(tcp);
            await next.PublishAsync("t", "after");
            await consumer.ExpectMessageAsync("after");
            Assert.False(process.HasExited);
        }
        finally
        {
            crowd.ForEach(socket => socket.Dispose());
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [GeneratedRegex("reason=\"TooManyOpenFiles\"[^}]*} (\\d+)")]
    private static partial Regex Waited();

    [GeneratedRegex(@"(TCP|HTTP): listening on (\S+)$")]
    private static partial Regex Banner();

    private static async Task<(IPEndPoint Tcp, IPEndPoint Http)> ReadAddressesAsync(StreamReader log)
    {
        Dictionary<string, IPEndPoint> addresses = [];
        while (addresses.Count < 2)
        {
            string line = await log.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) ?? throw new IOException("it ended before it listened");
            if (Banner().Match(line) is { Success: true } match)
                addresses[match.Groups[1].Value] = IPEndPoint.Parse(match.Groups[2].Value);
        }
        // Nobody else reads the log, and a full pipe would hold it up.
        _ = log.BaseStream.CopyToAsync(Stream.Null);
        return (addresses["TCP"], addresses["HTTP"]);
    }

    private Process Start(int limit, string arguments) => Process.Start(new ProcessStartInfo("sh", ["-c", $"ulimit -n {limit}; exec '{Solution.Executable}' {arguments}"])
    {
        WorkingDirectory = _folder.Path,
        RedirectStandardError = true,
    })!;
}
