using System.Net;
using Broker.Tests.Http;
using Broker.Tests.Lookup;
using Broker.Tests.Running;

namespace Broker.Tests.Security;

/// <summary>The lookup service's protocol and the HTTP API under bytes that are broken anywhere, and what once did harm.</summary>
public sealed class ServerFuzzTests
{
    private const int Connections = 1000;
    private const int AtOnce = 16;
    private const ulong Seed = 20261122;

    [Fact]
    public async Task The_lookup_service_answers_closes_and_serves_the_others()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket healthy = await LookupSocket.IdentifiedAsync(lookup.TcpEndPoint);
        await healthy.DoAsync("REGISTER healthy c");
        string node = LookupSocket.Identify(LookupSocket.Node);
        await SpeakAllAsync(
            lookup.TcpEndPoint,
            "  V1",
            HostileBytes.Sample(
                Connections, Seed, node, "IDENTIFY\n", "\0\0\0\u0002{}", "\u007f\u00ff\u00ff\u00ff", "\u00ff\u00ff\u00ff\u00ff", "REGISTER t c\n",
                "REGISTER t\n", "UNREGISTER t c\n", "UNREGISTER t#ephemeral\n", "PING\n", "REGISTER", " ", "\r\n", "\n", "REGISTER a:b\n", new string('x', 5000)));
        await healthy.DoAsync("PING");
        using HttpClient http = new() { BaseAddress = new Uri($"http://{lookup.HttpEndPoint}") };
        Assert.Contains("\"c\"", await http.GetStringAsync("/lookup?topic=healthy"));
    }

    [Fact]
    public async Task The_HTTP_API_answers_closes_and_serves_the_others()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await SpeakAllAsync(
            broker.Broker.HttpEndPoint,
            "",
            HostileBytes.Sample(
                Connections, Seed, "GET ", "POST ", "PUT ", "/pub?topic=t", "/mpub?topic=t&binary=true", "/stats?format=json", "/config/log_level",
                "/channel/messages?topic=t&channel=c&limit=", "&defer=99999999999999999999", "%zz", "%00", "?topic=", "/../", "//", " HTTP/1.1\r\n", " HTTP/9.9\r\n",
                "Host: x\r\n", "Content-Length: 5\r\n", "Content-Length: -1\r\n", "Content-Length: 99999999999\r\n", "Transfer-Encoding: chunked\r\n",
                "Connection: close\r\n", "\r\n", "\0\0\0\u0001\0\0\0\u0001x", "5\r\nhello\r\n0\r\n\r\n", "hello", new string('a', 9000)));
        Assert.Equal("OK", (await broker.GetAsync("/ping")).Body);
        (await broker.PostAsync("/pub?topic=healthy", "x")).IsText("OK");
    }

    public static TheoryData<string> Corpus => [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Security", "Corpus")).Select(path => Path.GetFileName(path)!)];

    /// <summary>A line a connection, behind the magic; what is not printable, and a backslash, stands as \xNN.</summary>
    [Theory]
    [MemberData(nameof(Corpus))]
    public async Task What_once_did_harm_does_none(string file)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket healthy = await broker.OpenAsync();
        foreach (string line in await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Security", "Corpus", file)))
        {
            if (line.Length == 0 || line[0] == '#')
                continue;
            byte[] bytes = [.. NsqCommand.Magic, .. Unescape(line)];
            await HostileBytes.SpeakAsync(broker.TcpEndPoint, bytes);
            await healthy.PublishAsync("healthy", "x");
        }
        await broker.UntilAsync("healthy", topic => topic.Depth > 0);
    }

    private static byte[] Unescape(string line)
    {
        List<byte> bytes = [];
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] != '\\')
            {
                bytes.Add((byte)line[i]);
                continue;
            }
            bytes.Add(Convert.ToByte(line.Substring(i + 2, 2), 16));
            i += 3;
        }
        return [.. bytes];
    }

    private static async Task SpeakAllAsync(EndPoint server, string magic, IEnumerable<byte[]> connections)
    {
        ParallelOptions options = new() { MaxDegreeOfParallelism = AtOnce };
        await Parallel.ForEachAsync(connections, options, async (bytes, _) =>
            await HostileBytes.SpeakAsync(server, [.. NsqCommand.Text(magic), .. bytes]));
    }
}
