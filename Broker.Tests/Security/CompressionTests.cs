using System.IO.Compression;
using System.Text;
using Broker.Protocol;
using Broker.Tests.Gateway;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Security;

public sealed class CompressionTests
{
    private const string AskDeflate = """{"feature_negotiation":true,"deflate":true}""";
    private const string AskSnappy = """{"feature_negotiation":true,"snappy":true}""";

    private static readonly byte[] SyncMarker = [0, 0, 0xFF, 0xFF];

    [Fact]
    public async Task Case_27_Both_at_once_are_refused()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.SendAsync("IDENTIFY\n" + Sized("""{"feature_negotiation":true,"deflate":true,"snappy":true}"""));
        await client.ExpectErrorAsync("E_IDENTIFY_FAILED cannot enable both deflate and snappy compression");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Both_at_once_are_no_error_where_one_is_off()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(configure: options => options.Deflate = false);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        Assert.Contains("\"deflate\":false", await client.IdentifyAsync("""{"feature_negotiation":true,"deflate":true,"snappy":true}"""));
        await client.StartSnappyAsync();
    }

    [Theory]
    [InlineData("""{"feature_negotiation":true,"deflate":true,"deflate_level":9}""", 6)]
    [InlineData("""{"feature_negotiation":true,"deflate":true,"deflate_level":1}""", 1)]
    [InlineData("""{"feature_negotiation":true,"deflate":true,"deflate_level":-3}""", 6)]
    [InlineData(AskDeflate, 6)]
    public async Task Case_28_The_level_of_deflate_is_negotiated(string ask, int level)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        Assert.Contains($"\"deflate\":true,\"deflate_level\":{level},\"max_deflate_level\":6", await client.IdentifyAsync(ask));
        await client.StartDeflateAsync();
        await FlowAsync(client);
        Assert.True(server.Gateway.Connections.Single() is { Deflate: true, Snappy: false, Tls: false });
    }

    [Fact]
    public async Task Case_28_The_OK_is_raw_deflate_up_to_a_sync_marker()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskDeflate);
        byte[] got = new byte[256];
        int length = 0;
        while (length < 4 || !got.AsSpan(0, length).EndsWith(SyncMarker))
            got[length++] = (await client.ReadAsync(1))[0];
        await using DeflateStream inflated = new(new MemoryStream(got, 0, length), CompressionMode.Decompress);
        byte[] frame = new byte[10];
        await inflated.ReadExactlyAsync(frame);
        Assert.Equal(Frame.Ok.ToArray(), frame);
    }

    [Fact]
    public async Task Case_29_The_OK_is_framed_snappy()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        Assert.Contains("\"snappy\":true", await client.IdentifyAsync(AskSnappy));
        byte[] start = await client.ReadAsync(10 + 8 + 10);
        Assert.Equal("FF060000734E61507059010E0000", Convert.ToHexString(start[..14]));
        Assert.Equal(Frame.Ok.ToArray(), start[18..]);
    }

    [Fact]
    public async Task Messages_flow_in_snappy()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskSnappy);
        await client.StartSnappyAsync();
        await FlowAsync(client);
        Assert.True(server.Gateway.Connections.Single() is { Deflate: false, Snappy: true, Tls: false });
    }

    [Theory]
    [InlineData(AskDeflate)]
    [InlineData(AskSnappy)]
    public async Task A_second_IDENTIFY_changes_settings_and_no_layers(string ask)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(ask);
        await (ask == AskSnappy ? client.StartSnappyAsync() : client.StartDeflateAsync());
        Assert.Contains("\"deflate\":false", await client.IdentifyAsync(ask));
        await FlowAsync(client);
    }

    [Fact]
    public async Task A_bomb_meets_the_limit_of_any_body()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskDeflate);
        await client.StartDeflateAsync();
        await client.SendAsync("PUB t\n" + Number(1 << 30));
        await client.ExpectErrorAsync("E_BAD_MESSAGE PUB message too big 1073741824 > 1048576");
    }

    [Fact]
    public async Task A_bomb_without_an_end_is_a_line_that_does_not_fit()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync("""{"feature_negotiation":true,"deflate":true,"heartbeat_interval":-1}""");
        await client.StartDeflateAsync();
        // 16 MB of spaces in some 16 KB.
        try
        {
            await client.SendAsync(new string(' ', 16 << 20));
        }
        catch (IOException)
        {
            // It is closed before all is sent.
        }
        await client.ExpectEndAsync();
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 0);
    }

    [Theory]
    [InlineData(AskDeflate)]
    [InlineData(AskSnappy)]
    public async Task What_cannot_be_decompressed_ends_the_connection_without_an_error_frame(string ask)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(ask);
        byte[] junk = new byte[100];
        junk.AsSpan().Fill(0xFF);
        await client.SendAsync(junk);
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 0);
    }

    private static async Task FlowAsync(LayeredSocket client)
    {
        string large = string.Concat(Enumerable.Range(0, 300_000).Select(static i => (char)('a' + (i % 11 * i % 26))));
        await client.SendAsync("SUB t c\nRDY 1\n");
        await client.ExpectAsync("OK");
        foreach (string body in (string[])["small", large, new string(' ', 1 << 20), "small again"])
        {
            await client.SendAsync(Encoding.Latin1.GetBytes("PUB t\n" + Sized(body)));
            List<(FrameType Type, string Data)> frames = [await client.ReadFrameAsync(), await client.ReadFrameAsync()];
            Assert.Contains((FrameType.Response, "OK"), frames);
            string message = frames.Single(static frame => frame.Type == FrameType.Message).Data;
            Assert.Equal(body, message[26..]);
            await client.SendAsync($"FIN {message[10..26]}\n");
        }
    }
}
