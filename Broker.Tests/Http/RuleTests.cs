using System.Net.Sockets;
using Broker.Tests.Running;

namespace Broker.Tests.Http;

/// <summary>What holds for all paths (spec 3.1), limits, and what a refused request costs.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData("GET", "/pub", "OPTIONS, POST")]
    [InlineData("HEAD", "/ping", "GET, OPTIONS")]
    [InlineData("DELETE", "/config/log_level", "GET, OPTIONS, PUT")]
    [InlineData("PUT", "/debug/pprof/symbol", "GET, OPTIONS, POST")]
    public async Task A_wrong_method_is_told_the_right_ones(string method, string path, string allowed)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        HttpReply reply = await broker.SendAsync(new HttpMethod(method), path);
        Assert.Equal((405, allowed), (reply.Status, reply.Allow));
        Assert.True(reply.IsV1);
        HttpReply options = await broker.SendAsync(HttpMethod.Options, path);
        Assert.Equal((200, "", allowed, false), (options.Status, options.Body, options.Allow, options.IsV1));
    }

    [Theory]
    [InlineData("GET", "/ping/", 301, "/ping")]
    [InlineData("GET", "/Stats?format=json&topic=A", 301, "/stats?format=json&topic=A")]
    [InlineData("GET", "/debug//pprof/heap", 301, "/debug/pprof/heap")]
    [InlineData("GET", "/debug/pprof", 301, "/debug/pprof/")]
    [InlineData("GET", "/CONFIG/log_level/", 301, "/config/log_level")]
    [InlineData("POST", "/pub/?topic=t", 307, "/pub?topic=t")]
    [InlineData("PUT", "/config/log_level/", 307, "/config/log_level")]
    public async Task A_path_that_is_nearly_right_is_sent_to_the_right_one(string method, string path, int status, string location)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        HttpReply reply = await broker.SendAsync(new HttpMethod(method), path);
        Assert.Equal((status, location), (reply.Status, reply.Location));
    }

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/config/")]
    [InlineData("GET", "/config/a/b")]
    [InlineData("GET", "/PUB")]
    [InlineData("OPTIONS", "/nope")]
    public async Task An_unknown_path_is_not_found(string method, string path)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.SendAsync(new HttpMethod(method), path)).IsError(404, "NOT_FOUND");
    }

    [Theory]
    [InlineData("Expect: foo", 417)]
    [InlineData("Expect: 100-Continue", 200)]
    public async Task Nothing_is_expected_but_to_go_on(string expectation, int status)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        using HttpSocket socket = await HttpSocket.ConnectAsync(broker.Broker.HttpEndPoint);
        (int Status, string Body) answer = await socket.AskAsync("GET /ping", "Host: localhost", expectation);
        Assert.Equal((status, status == 200 ? "OK" : ""), answer);
        if (status != 200)
            await socket.ExpectEndAsync();
    }

    [Fact]
    public async Task A_small_reply_in_JSON_is_sent_with_its_length_and_a_long_one_whole()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        using HttpClient client = HttpBroker.ClientOf(broker.Broker.HttpEndPoint);
        using HttpRequestMessage request = new(HttpMethod.Get, "/info");
        using HttpResponseMessage info = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((await info.Content.ReadAsByteArrayAsync()).Length, info.Content.Headers.ContentLength);
        const int topics = 100;
        for (int i = 0; i < topics; i++)
            (await broker.PostAsync($"/topic/create?topic=t{i}")).IsText("");
        Assert.Equal(topics, (await broker.StatsAsync())["topics"]!.AsArray().Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_at_the_limit_is_taken_and_one_beyond_is_not(bool isChunked)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => (settings.Gateway.MaxMsgSize, settings.Gateway.MaxBodySize) = (100_000, 200_000));
        (await SendAsync("/pub?topic=t", new string('x', 100_000))).IsText("OK");
        (await SendAsync("/pub?topic=t", new string('x', 100_001))).IsError(413, "MSG_TOO_BIG");
        (await SendAsync("/mpub?topic=t", new string('x', 99_999) + "\n" + new string('x', 100_000))).IsText("OK");
        (await SendAsync("/mpub?topic=t", new string('x', 100_001))).IsError(413, "MSG_TOO_BIG");
        (await SendAsync("/mpub?topic=t", new string('\n', 200_001))).IsError(413, "BODY_TOO_BIG");
        Assert.Equal(3, (await broker.Broker.StatsAsync("t")).MessageCount);

        Task<HttpReply> SendAsync(string path, string body) =>
            broker.SendAsync(HttpMethod.Post, path, isChunked ? new ChunkedContent(body) : new StringContent(body));
    }

    [Fact]
    public async Task A_body_without_an_end_is_not_kept()
    {
        const int limit = 1 << 20;
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Gateway.MaxMsgSize = limit);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(broker.Broker.HttpEndPoint);
        await using NetworkStream stream = new(socket);
        await stream.WriteAsync("POST /pub?topic=t HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
        byte[] chunk = [.. "10000\r\n"u8, .. new byte[0x10000], .. "\r\n"u8];
        for (int sent = 0; sent <= limit; sent += 0x10000)
            await stream.WriteAsync(chunk);
        using StreamReader reader = new(stream);
        Assert.Equal("HTTP/1.1 413 Payload Too Large", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task A_unix_socket_is_served_and_has_no_port()
    {
        using DataFolder data = new();
        string path = Path.Combine(data.Path, "http.sock");
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Gateway.HttpAddress = path);
        using HttpClient client = new(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        Assert.Equal("OK", await client.GetStringAsync("http://broker/ping"));
        Assert.Contains("\"http_port\":-1,", await client.GetStringAsync("http://broker/info"));
    }

    [Theory]
    [InlineData("/debug/pprof/")]
    [InlineData("/debug/pprof/cmdline")]
    [InlineData("/debug/pprof/symbol")]
    [InlineData("/debug/pprof/profile")]
    [InlineData("/debug/pprof/heap")]
    [InlineData("/debug/pprof/goroutine")]
    [InlineData("/debug/pprof/block")]
    [InlineData("/debug/pprof/threadcreate")]
    public async Task The_profilers_paths_answer(string path)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        HttpReply reply = await broker.GetAsync(path);
        Assert.Equal(200, reply.Status);
        Assert.NotEmpty(reply.Body);
    }

    private sealed class ChunkedContent(string body) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            stream.WriteAsync(NsqCommand.Text(body)).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
