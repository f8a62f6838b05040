using Broker.Serving.Limits;
using Broker.Silo.Settings;
using Broker.Tests.Admin;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Security;

/// <summary>What other sites can have a browser send to what listens on loopback.</summary>
public sealed class BrowserGuardTests
{
    [Theory]
    [InlineData("HTTP", "GET /stats")]
    [InlineData("HTTP", "POST /pub?topic=t")]
    [InlineData("lookup HTTP", "GET /nodes")]
    [InlineData("admin HTTP", "GET /")]
    [InlineData("admin HTTP", "GET /api/topics")]
    public async Task What_listens_on_loopback_is_asked_by_its_own_names_only(string place, string request)
    {
        await using RunningBroker broker = await StartAsync();
        foreach (string host in (string[])["evil.example", "evil.example:4171", "localhost.evil.example", "127.0.0.1.evil.example"])
        {
            (int status, string body) = await AskAsync(broker, place, request, $"Host: {host}", "Content-Length: 0");
            Assert.Equal(403, status);
            Assert.Contains("--http-allowed-host", body, StringComparison.Ordinal);
        }

        Assert.Equal(4, broker.Services.GetRequiredService<Refusals>()[RefusalReason.ForeignSite]);
        foreach (string host in (string[])["localhost", "LOCALHOST:4151", "broker.localhost", "127.0.0.1:4171", "[::1]:4171", "10.1.2.3", "told.example:1", "named.example"])
            Assert.NotEqual(403, (await AskAsync(broker, place, request, $"Host: {host}", "Content-Length: 0")).Status);
    }

    [Theory]
    [InlineData("HTTP", "POST /topic/create?topic=t")]
    [InlineData("HTTP", "POST /pub?topic=t")]
    [InlineData("HTTP", "PUT /config/log_level")]
    [InlineData("lookup HTTP", "POST /topic/create?topic=t")]
    public async Task Pages_change_nothing_by_the_APIs_and_programs_do(string place, string request)
    {
        string[] program = ["Host: localhost", "Content-Length: 1"];
        await using RunningBroker broker = await StartAsync();
        foreach (string header in (string[])[
            "Origin: http://evil.example", "Origin: null", "Origin: http://localhost", "Origin: http://page.example:81", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-origin"])
        {
            (int status, string answer) = await AskAsync(broker, place, request, [.. program, header]);
            Assert.Equal(403, status);
            Assert.Contains("--http-allowed-origin", answer, StringComparison.Ordinal);
        }

        Assert.False((await broker.StatsAsync("t")).Exists);
        Assert.NotEqual(403, (await AskAsync(broker, place, request, program)).Status);
        Assert.NotEqual(403, (await AskAsync(broker, place, request, [.. program, "Sec-Fetch-Site: none"])).Status);
        Assert.NotEqual(403, (await AskAsync(broker, place, request, [.. program, "Origin: http://page.example"])).Status);
    }

    [Fact]
    public async Task A_page_may_read_what_a_browser_lets_it()
    {
        await using RunningBroker broker = await StartAsync();
        Assert.Equal(200, (await AskAsync(broker, "HTTP", "GET /stats", "Host: localhost", "Origin: http://evil.example")).Status);
    }

    [Fact]
    public async Task Where_users_log_in_any_name_will_do()
    {
        using PasswordFolder folder = new();
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.NsqdHttpAddresses = ["127.0.0.1:1"];
            settings.Admin.PasswordFile = folder.Path;
        });
        using HttpSocket client = await HttpSocket.ConnectAsync(admin.EndPoint);
        Assert.NotEqual(403, (await client.AskAsync("GET /login", "Host: admin.example")).Status);
    }

    [Theory]
    [InlineData("127.0.0.1:0", "*", 200)]
    [InlineData("0.0.0.0:0", "", 200)]
    public async Task Any_name_will_do_where_the_operator_says_so_and_where_others_reach_it(string address, string allowed, int status)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings =>
        {
            settings.Gateway.HttpAddress = address;
            settings.Http.AllowedHosts = allowed.Length == 0 ? [] : [allowed];
        });
        using HttpSocket client = await HttpSocket.ConnectAsync(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, broker.HttpEndPoint.Port));
        Assert.Equal(status, (await client.AskAsync("GET /stats", "Host: broker.example")).Status);
    }

    private static Task<RunningBroker> StartAsync() => RunningBroker.StartAsync(Configure);

    private static void Configure(BrokerSettings settings)
    {
        settings.Gateway.HttpAddress = "127.0.0.1:0";
        settings.Gateway.BroadcastAddress = "told.example";
        settings.Lookup.HttpAddress = "127.0.0.1:0";
        settings.Admin.HttpAddress = "127.0.0.1:0";
        settings.Http.AllowedHosts = ["named.example"];
        settings.Http.AllowedOrigins = ["http://page.example:80"];
    }

    private static async Task<(int Status, string Body)> AskAsync(RunningBroker broker, string place, string request, params string[] headers)
    {
        using HttpSocket client = await HttpSocket.ConnectAsync(broker.EndPointOf(place));
        await client.SendAsync($"{request} HTTP/1.1\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");
        if (headers.Contains("Content-Length: 1"))
            await client.SendAsync("x");
        return await client.ReadAnswerAsync();
    }
}
