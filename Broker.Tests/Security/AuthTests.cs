using Broker.Gateway.Connections;
using Broker.Gateway.Security;
using Broker.Serving.Limits;
using Broker.Tests.Gateway;
using Broker.Tests.Simulation;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Security;

public sealed class AuthTests
{
    private const string Everything =
        """{"ttl":10,"identity":"me","identity_url":"http://x/me","authorizations":[{"topic":".*","channels":[".*"],"permissions":["subscribe","publish"]}]}""";

    private const string Login = "AUTH\n\0\0\0\u0003s e";

    [Theory]
    [InlineData("PUB t\n\0\0\0\u0001x", "PUB")]
    [InlineData("DPUB t 1\n\0\0\0\u0001x", "DPUB")]
    [InlineData("MPUB t\n", "MPUB")]
    [InlineData("SUB t c\n", "SUB")]
    public async Task Case_85_Before_AUTH_nothing_is_published_or_consumed(string command, string verb)
    {
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using RunningGateway server = await StartAsync(auth);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(command);
        await client.ExpectErrorAsync($"E_AUTH_FIRST AUTH required before {verb}");
        await client.ExpectEndAsync();
        Assert.Equal(0, server.Grains.Topic("t").Creations);
        Assert.Equal(1, server.Gateway.Refusals[RefusalReason.NotAuthorized]);
    }

    [Theory]
    [InlineData("AUTH\n\0\0\0\u0001x", "E_AUTH_DISABLED AUTH disabled")]
    [InlineData("AUTH x\n", "E_INVALID AUTH invalid number of parameters")]
    public async Task Case_86_AUTH_where_there_is_none(string command, string error)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(command);
        await client.ExpectErrorAsync(error);
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Who_logs_in_is_told_and_shown_who_they_are()
    {
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using RunningGateway server = await StartAsync(auth);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("IDENTIFY\n" + Sized("""{"feature_negotiation":true}"""));
        Assert.Contains("\"auth_required\":true", (await client.ReadFrameAsync()).Data);
        await client.SendAsync(Login);
        await client.ExpectAsync("""{"identity":"me","identity_url":"http://x/me","permission_count":1}""");
        await client.SendAsync("SUB t c\nPUB t\n" + Sized("x"));
        await client.ExpectAsync("OK");
        await client.ExpectAsync("OK");
        ConnectionSnapshot seen = server.Gateway.Connections.Single();
        Assert.Equal((true, "me", "http://x/me"), (seen.Authed, seen.AuthIdentity, seen.AuthIdentityUrl));
        Assert.Equal(
            ["GET /auth?common_name=&remote_ip=127.0.0.1&secret=s+e&tls=false application/vnd.nsq; version=1.0"], auth.Requests);
    }

    [Fact]
    public async Task By_POST_each_value_is_a_list_of_one()
    {
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using RunningGateway server = await StartAsync(auth, usePost: true);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Login);
        await client.ReadFrameAsync();
        Assert.Equal(
            [
                "POST /auth application/vnd.nsq; version=1.0 application/json "
                    + """{"common_name":[""],"remote_ip":["127.0.0.1"],"secret":["s e"],"tls":["false"]}""",
            ],
            auth.Requests);
    }

    [Fact]
    public async Task Bytes_of_a_secret_arrive_as_they_are()
    {
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using RunningGateway server = await StartAsync(auth);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("AUTH\n" + Sized("a&b=\u00ff%~"));
        await client.ReadFrameAsync();
        Assert.Contains("secret=a%26b%3D%FF%25~&tls", auth.Requests.Single());
    }

    [Fact]
    public async Task Case_87_A_second_AUTH_is_refused()
    {
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using RunningGateway server = await StartAsync(auth);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Login + Login);
        await client.ReadFrameAsync();
        await client.ExpectErrorAsync("E_INVALID AUTH already set");
        await client.ExpectEndAsync();
    }

    [Theory]
    [InlineData("""{"ttl":10,"authorizations":[]}""", 200, "E_UNAUTHORIZED AUTH no authorizations found")]
    [InlineData("""{"ttl":10}""", 200, "E_UNAUTHORIZED AUTH no authorizations found")]
    [InlineData("""{"ttl":0,"authorizations":[]}""", 200, "E_AUTH_FAILED AUTH failed")]
    [InlineData("""{"ttl":-1,"authorizations":[]}""", 200, "E_AUTH_FAILED AUTH failed")]
    [InlineData("""{"authorizations":[]}""", 200, "E_AUTH_FAILED AUTH failed")]
    [InlineData(Everything, 500, "E_AUTH_FAILED AUTH failed")]
    [InlineData(Everything, 403, "E_AUTH_FAILED AUTH failed")]
    [InlineData("nonsense", 200, "E_AUTH_FAILED AUTH failed")]
    [InlineData("""{"ttl":10,"authorizations":[{"topic":"t","permissions":["fly"]}]}""", 200, "E_AUTH_FAILED AUTH failed")]
    [InlineData("""{"ttl":10,"authorizations":[{"topic":"t","permissions":["admin"]}]}""", 200, "E_AUTH_FAILED AUTH failed")]
    [InlineData("""{"ttl":10,"authorizations":[{"topic":"(","permissions":["publish"]}]}""", 200, "E_AUTH_FAILED AUTH failed")]
    [InlineData("""{"ttl":10,"authorizations":[{"topic":"(?=x)","permissions":["publish"]}]}""", 200, "E_AUTH_FAILED AUTH failed")]
    public async Task Case_88_Answers_that_let_nobody_in(string answer, int status, string error)
    {
        await using AuthServer auth = await AuthServer.StartAsync(answer);
        auth.Status = status;
        await using RunningGateway server = await StartAsync(auth);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Login);
        await client.ExpectErrorAsync(error);
        await client.ExpectEndAsync();
    }

    [Theory]
    [InlineData("t", "[]", "E_UNAUTHORIZED AUTH failed for PUB on \"t\" \"\"")]
    [InlineData("t", "[\"^c$\"]", "E_UNAUTHORIZED AUTH failed for PUB on \"t\" \"\"")]
    [InlineData("^u$", "[\".*\"]", "E_UNAUTHORIZED AUTH failed for PUB on \"t\" \"\"")]
    [InlineData("t", "[\".*\"]", null)]
    [InlineData("t", "[\"x\",\"\"]", null)]
    public async Task Case_89_A_publish_needs_a_channel_that_matches_the_empty_name(string topic, string channels, string? error)
    {
        string answer = $$"""{"ttl":10,"authorizations":[{"topic":"{{topic}}","channels":{{channels}},"permissions":["publish"]}]}""";
        await using AuthServer auth = await AuthServer.StartAsync(answer);
        await using RunningGateway server = await StartAsync(auth);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Login + "PUB t\n" + Sized("x"));
        await client.ReadFrameAsync();
        if (error is null)
        {
            await client.ExpectAsync("OK");
            return;
        }
        await client.ExpectErrorAsync(error);
        await client.ExpectEndAsync();
        Assert.Empty(server.Grains.Topic("t").Requests);
    }

    [Theory]
    [InlineData("publish", "SUB mytest2 c\n", "E_UNAUTHORIZED AUTH failed for SUB on \"mytest2\" \"c\"")]
    [InlineData("subscribe", "MPUB mytest2\n", "E_UNAUTHORIZED AUTH failed for MPUB on \"mytest2\" \"\"")]
    [InlineData("subscribe", "SUB mytest2 c\n", null)]
    [InlineData("publish", "PUB mytest2\n\0\0\0\u0001x", null)]
    public async Task Case_90_Expressions_search_and_permissions_are_told_apart(string permission, string command, string? error)
    {
        string answer = $$"""{"ttl":10,"authorizations":[{"topic":"test","channels":[".*"],"permissions":["{{permission}}"]}]}""";
        await using AuthServer auth = await AuthServer.StartAsync(answer);
        await using RunningGateway server = await StartAsync(auth);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Login + command);
        await client.ReadFrameAsync();
        if (error is null)
            await client.ExpectAsync("OK");
        else
            await client.ExpectErrorAsync(error);
    }

    [Fact]
    public async Task What_has_run_out_is_asked_for_again_and_may_be_taken_away()
    {
        VirtualTimeProvider clock = new();
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using RunningGateway server = await StartAsync(auth, clock);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Login + "PUB t\n" + Sized("1"));
        await client.ReadFrameAsync();
        await client.ExpectAsync("OK");

        clock.Advance(TimeSpan.FromSeconds(9));
        await client.SendAsync("PUB t\n" + Sized("2"));
        await client.ExpectAsync("OK");
        Assert.Single(auth.Requests);

        clock.Advance(TimeSpan.FromSeconds(2));
        await client.SendAsync("PUB t\n" + Sized("3") + "MPUB t\n" + Multi("4"));
        await client.ExpectAsync("OK");
        await client.ExpectAsync("OK");
        Assert.Equal(2, auth.Requests.Count);

        clock.Advance(TimeSpan.FromSeconds(11));
        auth.Status = 500;
        await client.SendAsync("PUB t\n" + Sized("5"));
        await client.ExpectErrorAsync("E_AUTH_FAILED AUTH failed");
        await client.ExpectEndAsync();
        Assert.Equal(["1", "2", "3", "4"], server.Grains.Topic("t").Bodies);
    }

    [Fact]
    public async Task A_subscription_that_runs_is_never_asked_about_again()
    {
        VirtualTimeProvider clock = new();
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using RunningGateway server = await StartAsync(auth, clock);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Login + "SUB t c\n");
        await client.ReadFrameAsync();
        await client.ExpectAsync("OK");
        auth.Status = 500;
        clock.Advance(TimeSpan.FromSeconds(20));
        await client.SendAsync("RDY 1\n");
        await client.ExpectSilenceAsync();
        Assert.Single(auth.Requests);
    }

    [Fact]
    public async Task The_next_server_is_asked_when_one_does_not_answer()
    {
        await using AuthServer auth = await AuthServer.StartAsync(Everything);
        await using AuthServer broken = await AuthServer.StartAsync("{");
        await using RunningGateway server = await RunningGateway.StartAsync(configure: options =>
            options.Auth.HttpAddresses = ["127.0.0.1:1", $"http://{broken.Address}/elsewhere", auth.Address]);
        for (int i = 0; i < 4; i++)
        {
            using NsqSocket client = await server.ConnectAsync();
            await client.SendAsync(Login);
            Assert.Contains("permission_count", (await client.ReadFrameAsync()).Data);
        }
        Assert.All(broken.Requests, static request => Assert.StartsWith("GET /elsewhere?common_name=", request));
    }

    [Fact]
    public void Expressions_that_would_backtrack_do_not()
    {
        NamePattern pattern = NamePattern.TryCompile("^(a|aa)+$")!;
        Assert.False(pattern.IsMatch(new string('a', 60) + "b"));
        Assert.True(NamePattern.TryCompile("^(?P<team>[a-z]+)-")!.IsMatch("core-events"));
        Assert.Null(NamePattern.TryCompile(@"(a)\1"));
        Assert.Null(NamePattern.TryCompile(new string('(', 5000)));
    }

    private static Task<RunningGateway> StartAsync(AuthServer auth, TimeProvider? time = null, bool usePost = false) =>
        RunningGateway.StartAsync(time, options =>
        {
            options.Auth.HttpAddresses = [auth.Address];
            options.Auth.UsePost = usePost;
        });
}
