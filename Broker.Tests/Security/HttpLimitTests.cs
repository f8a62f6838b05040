using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Broker.Serving.Http.Protection;
using Broker.Serving.Limits;
using Broker.Silo.Settings;
using Broker.Tests.Gateway;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Security;

/// <summary>What one who comes by HTTP may cost, at each of the places that serve it.</summary>
public sealed class HttpLimitTests
{
    private const string Host = "Host: localhost";

    // The HTTP API, the lookup service and the admin web, each with something to ask and to send.
    public static TheoryData<string, string, string> Places => new()
    {
        { "HTTP", "GET /ping", "POST /pub?topic=t" },
        { "lookup HTTP", "GET /ping", "POST /topic/create?topic=t" },
        { "admin HTTP", "GET /ping", "POST /api/topics" },
    };

    public static TheoryData<string> PlaceNames => [.. Places.Select(place => (string)place[0])];

    [Theory]
    [MemberData(nameof(PlaceNames))]
    public async Task One_connection_too_many_is_closed_and_counted(string place)
    {
        await using RunningBroker broker = await StartAsync(http => http.MaxConnections = 2);
        IPEndPoint server = broker.EndPointOf(place);
        using HttpSocket first = await HttpSocket.ConnectAsync(server);
        using (HttpSocket second = await HttpSocket.ConnectAsync(broker.HttpEndPoint))
        {
            await ExpectPongAsync(first);
            await ExpectPongAsync(second);
            Assert.False(await AnswersAsync(server));
            await ExpectRefusalAsync(broker, RefusalReason.TooManyHttpConnections);
        }

        await Eventually.TrueAsync(() => AnswersAsync(server));
    }

    [Fact]
    public async Task One_connection_too_many_of_an_address_is_closed_and_others_are_not()
    {
        await using RunningBroker broker = await StartAsync(http => http.MaxConnectionsPerAddress = 1);
        using HttpSocket first = await HttpSocket.ConnectAsync(broker.HttpEndPoint);
        await ExpectPongAsync(first);
        Assert.False(await AnswersAsync(broker.HttpEndPoint));
        await ExpectRefusalAsync(broker, RefusalReason.TooManyHttpConnectionsOfAddress);
        await ExpectPongAsync(first);
    }

    [Theory]
    [MemberData(nameof(PlaceNames))]
    public async Task Too_many_requests_are_answered_later(string place)
    {
        await using RunningBroker broker = await StartAsync(http => http.MaxRequestsPerSecond = 20);
        using HttpSocket client = await HttpSocket.ConnectAsync(broker.EndPointOf(place));
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < 40; i++)
            await ExpectPongAsync(client);
        Assert.True(Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(0.8));
        // On a machine that is too slow for 20 a second none is too many yet.
        for (long began = Stopwatch.GetTimestamp(); Refused(broker, RefusalReason.TooManyRequests) == 0;)
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "no request was too many");
            await ExpectPongAsync(client);
        }
    }

    [Theory]
    [MemberData(nameof(PlaceNames))]
    public async Task Headers_that_come_too_slowly_end_the_connection(string place)
    {
        await using RunningBroker broker = await StartAsync(http => http.HeaderTimeout = TimeSpan.FromSeconds(1));
        using HttpSocket client = await HttpSocket.ConnectAsync(broker.EndPointOf(place));
        await client.SendAsync("GET /ping HTTP/1.1\r\nHost: loc");
        Assert.Equal(408, (await client.ReadAnswerAsync()).Status);
        await client.ExpectEndAsync();
        await ExpectRefusalAsync(broker, RefusalReason.SlowRequest);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_body_that_comes_too_slowly_ends_the_connection_and_a_quick_one_is_taken(string place, string ask, string send)
    {
        await using RunningBroker broker = await StartAsync(http => (http.MinBodyRate, http.BodyGrace) = (1000, TimeSpan.FromSeconds(1.5)));
        using HttpSocket quick = await HttpSocket.ConnectAsync(broker.EndPointOf(place));
        Assert.Equal(200, (await quick.AskAsync(ask, Host)).Status);
        using HttpSocket slow = await HttpSocket.ConnectAsync(broker.EndPointOf(place));
        await slow.SendAsync($"{send} HTTP/1.1\r\n{Host}\r\nContent-Length: 100000\r\n\r\n");
        Task<(int Status, string Body)> answer = slow.ReadAnswerAsync();
        while (!answer.IsCompleted)
        {
            try
            {
                await slow.SendAsync("x");
            }
            catch (SocketException)
            {
                // The connection is closed; what was answered before that is read yet.
            }

            await Task.WhenAny(answer, Task.Delay(50));
        }

        // An endpoint that reads no body has answered before; the connection ends all the same.
        if ((await answer).Status == 408)
            await ExpectRefusalAsync(broker, RefusalReason.SlowRequest);
        await slow.ExpectEndAsync();
        Assert.Equal(200, (await quick.AskAsync(ask, Host)).Status);
    }

    [Fact]
    public async Task A_slow_publish_is_answered_408_and_publishes_nothing()
    {
        await using RunningBroker broker = await StartAsync(http => (http.MinBodyRate, http.BodyGrace) = (1000, TimeSpan.FromSeconds(1.5)));
        using HttpSocket slow = await HttpSocket.ConnectAsync(broker.HttpEndPoint);
        await slow.SendAsync($"POST /pub?topic=t HTTP/1.1\r\n{Host}\r\nContent-Length: 1000\r\n\r\nx");
        Assert.Equal(408, (await slow.ReadAnswerAsync()).Status);
        await ExpectRefusalAsync(broker, RefusalReason.SlowRequest);
        Assert.False((await broker.StatsAsync("t")).Exists && (await broker.StatsAsync("t")).MessageCount > 0);
    }

    [Theory]
    [MemberData(nameof(PlaceNames))]
    public async Task Headers_that_are_too_big_are_refused_and_counted(string place)
    {
        await using RunningBroker broker = await StartAsync(http => http.MaxHeaderSize = 4096);
        using HttpSocket client = await HttpSocket.ConnectAsync(broker.EndPointOf(place));
        Assert.Equal(431, (await client.AskAsync("GET /ping", Host, "X: " + new string('x', 5000))).Status);
        await ExpectRefusalAsync(broker, RefusalReason.RequestTooBig);
    }

    [Fact]
    public async Task A_body_that_is_too_big_for_the_admin_web_is_refused_and_counted()
    {
        await using RunningBroker broker = await StartAsync(http => http.MaxBodySize = 1000);
        using HttpSocket client = await HttpSocket.ConnectAsync(broker.EndPointOf("admin HTTP"));
        await client.SendAsync($"POST /api/topics HTTP/1.1\r\n{Host}\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n{new string(' ', 2000)}\r\n");
        Assert.Equal(413, (await client.ReadAnswerAsync()).Status);
        await ExpectRefusalAsync(broker, RefusalReason.RequestTooBig);
        // What publishes goes by the limits of messages.
        using HttpSocket publisher = await HttpSocket.ConnectAsync(broker.HttpEndPoint);
        await publisher.SendAsync($"POST /pub?topic=t HTTP/1.1\r\n{Host}\r\nContent-Length: 2000\r\n\r\n{new string('x', 2000)}");
        Assert.Equal((200, "OK"), await publisher.ReadAnswerAsync());
    }

    [Fact]
    public async Task A_connection_without_requests_ends()
    {
        await using RunningBroker broker = await StartAsync(http => http.IdleTimeout = TimeSpan.FromSeconds(1));
        using HttpSocket client = await HttpSocket.ConnectAsync(broker.HttpEndPoint);
        await ExpectPongAsync(client);
        await client.ExpectEndAsync();
    }

    private static Task<RunningBroker> StartAsync(Action<HttpOptions> limit) => RunningBroker.StartAsync(settings => Configure(settings, limit));

    private static void Configure(BrokerSettings settings, Action<HttpOptions> limit)
    {
        settings.Gateway.HttpAddress = "127.0.0.1:0";
        settings.Lookup.HttpAddress = "127.0.0.1:0";
        settings.Admin.HttpAddress = "127.0.0.1:0";
        limit(settings.Http);
    }

    private static long Refused(RunningBroker broker, RefusalReason reason) => broker.Services.GetRequiredService<Refusals>()[reason];

    // The client may know of it before it is counted.
    private static Task ExpectRefusalAsync(RunningBroker broker, RefusalReason reason) => Eventually.TrueAsync(() => Refused(broker, reason) == 1);

    private static async Task ExpectPongAsync(HttpSocket client) => Assert.Equal((200, "OK"), await client.AskAsync("GET /ping", Host));

    // A connection that is refused may end before the client knows that it was made.
    private static async Task<bool> AnswersAsync(IPEndPoint server)
    {
        try
        {
            using HttpSocket client = await HttpSocket.ConnectAsync(server);
            await ExpectPongAsync(client);
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return false;
        }
    }
}
