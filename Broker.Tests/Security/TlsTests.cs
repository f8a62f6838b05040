using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Broker.Gateway.Connections;
using Broker.Gateway.Security;
using Broker.Policies;
using Broker.Serving.Limits;
using Broker.Tests.Gateway;
using Broker.Tests.Simulation;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Security;

public sealed class TlsTests : IDisposable
{
    private const string AskTls = """{"feature_negotiation":true,"tls_v1":true}""";

    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task Case_17_Without_feature_negotiation_there_is_no_upgrade()
    {
        await using RunningGateway server = await StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        Assert.Equal("OK", await client.IdentifyAsync("""{"tls_v1":true,"snappy":true,"deflate":true}"""));
        await PublishAsync(client, "clear");
        Assert.False(server.Gateway.Connections.Single().Tls);
    }

    [Fact]
    public async Task Case_18_Without_a_certificate_the_session_goes_on_in_the_clear()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        Assert.Contains("\"tls_v1\":false", await client.IdentifyAsync(AskTls));
        await PublishAsync(client, "clear");
    }

    [Fact]
    public async Task A_client_that_asks_for_TLS_gets_it_and_stays_what_it_was()
    {
        await using RunningGateway server = await StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        string reply = await client.IdentifyAsync("""{"feature_negotiation":true,"tls_v1":true,"client_id":"me"}""");
        Assert.Contains("\"tls_v1\":true,\"deflate\":false", reply);
        await client.StartTlsAsync();
        await FlowAsync(client);
        ConnectionSnapshot seen = server.Gateway.Connections.Single();
        Assert.Equal((true, false, false, "me"), (seen.Tls, seen.Deflate, seen.Snappy, seen.ClientId));
        Assert.Contains(seen.TlsVersion, (string[])["TLS1.2", "TLS1.3"]);
        Assert.StartsWith("TLS_", seen.TlsCipherSuite);
    }

    [Fact]
    public async Task Case_29_Snappy_comes_inside_TLS()
    {
        await using RunningGateway server = await StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        string reply = await client.IdentifyAsync("""{"feature_negotiation":true,"tls_v1":true,"snappy":true}""");
        Assert.Contains("\"tls_v1\":true", reply);
        Assert.Contains("\"snappy\":true", reply);
        await client.StartTlsAsync();
        await client.StartSnappyAsync();
        await FlowAsync(client);
        Assert.True(server.Gateway.Connections.Single() is { Tls: true, Snappy: true, Deflate: false });
    }

    [Fact]
    public async Task Deflate_comes_inside_TLS()
    {
        await using RunningGateway server = await StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync("""{"feature_negotiation":true,"tls_v1":true,"deflate":true}""");
        await client.StartTlsAsync();
        await client.StartDeflateAsync();
        await FlowAsync(client);
        Assert.True(server.Gateway.Connections.Single() is { Tls: true, Snappy: false, Deflate: true });
    }

    [Theory]
    [InlineData("NOP\n", "E_INVALID cannot NOP in current state (TLS required)")]
    [InlineData("PUB t\n", "E_INVALID cannot PUB in current state (TLS required)")]
    [InlineData("AUTH\n", "E_INVALID cannot AUTH in current state (TLS required)")]
    [InlineData("what\n", "E_INVALID cannot what in current state (TLS required)")]
    public async Task Case_33_Where_TLS_is_required_nothing_else_comes_before_it(string command, string error)
    {
        await using RunningGateway server = await StartAsync(tls => tls.Required = TlsRequirement.All);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        Assert.Equal("OK", await client.IdentifyAsync("{}"));
        await client.SendAsync(command);
        await client.ExpectErrorAsync(error);
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Where_TLS_is_required_everything_is_allowed_inside_it()
    {
        await using RunningGateway server = await StartAsync(tls => tls.Required = TlsRequirement.TcpOnly);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskTls);
        await client.StartTlsAsync();
        await FlowAsync(client);
    }

    [Fact]
    public async Task Commands_smuggled_in_before_the_handshake_are_never_carried_out()
    {
        await using RunningGateway server = await StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.SendAsync("IDENTIFY\n" + Sized(AskTls) + "PUB t\n" + Sized("smuggled"));
        Assert.Contains("\"tls_v1\":true", (await client.ReadFrameAsync()).Data);
        await Assert.ThrowsAnyAsync<Exception>(() => client.StartTlsAsync());
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 0);
        Assert.Empty(server.Grains.Topic("t").Requests);
        await Eventually.TrueAsync(() => server.Gateway.Refusals[RefusalReason.HandshakeFailed] == 1);
    }

    [Fact]
    public async Task Who_does_not_shake_hands_is_told_in_the_clear()
    {
        await using RunningGateway server = await StartAsync();
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskTls);
        await client.SendAsync("PUB t\n" + Sized("in the clear, and long enough for a header"));
        byte[] all = new byte[512];
        int got = await client.Socket.ReceiveAsync(all);
        Assert.Contains("E_IDENTIFY_FAILED IDENTIFY failed", System.Text.Encoding.Latin1.GetString(all, 0, got));
    }

    [Fact]
    public async Task A_handshake_that_does_not_come_ends_after_five_seconds()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await StartAsync(time: clock);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskTls);
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return server.Gateway.Refusals[RefusalReason.HandshakeFailed] == 1;
        });
        await client.ExpectErrorAsync("E_IDENTIFY_FAILED IDENTIFY failed handshake timed out");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Heartbeats_wait_for_the_end_of_the_upgrade()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await StartAsync(time: clock);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync("""{"feature_negotiation":true,"tls_v1":true,"heartbeat_interval":1000}""");
        for (int i = 0; i < 3; i++)
            clock.Advance(TimeSpan.FromSeconds(1));
        await client.StartTlsAsync();
        await client.ExpectAsync("_heartbeat_");
    }

    [Fact]
    public async Task A_verified_client_is_known_by_its_common_name()
    {
        await using RunningGateway server = await StartAsync(tls => tls.ClientCertificates = ClientCertificatePolicy.RequireVerified);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskTls);
        using X509Certificate2 certificate = _certificates.IssueClient("CN=worker-7, O=Example");
        await client.StartTlsAsync(certificate);
        await FlowAsync(client);
        Assert.Equal("worker-7", server.Gateway.Connections.Single().TlsCommonName);
    }

    [Theory]
    [InlineData(ClientCertificatePolicy.Require, "none", false)]
    [InlineData(ClientCertificatePolicy.Require, "foreign", true)]
    [InlineData(ClientCertificatePolicy.RequireVerified, "none", false)]
    [InlineData(ClientCertificatePolicy.RequireVerified, "foreign", false)]
    [InlineData(ClientCertificatePolicy.RequireVerified, "server's", false)]
    public async Task Certificates_of_clients_are_judged_by_the_policy(ClientCertificatePolicy policy, string shown, bool isLetIn)
    {
        await using RunningGateway server = await StartAsync(tls => tls.ClientCertificates = policy);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskTls);
        using TestCertificates others = new();
        using X509Certificate2? certificate = shown switch
        {
            "foreign" => others.IssueClient("CN=foreign"),
            "server's" => _certificates.IssueServerOnly("CN=server"),
            _ => null,
        };
        if (isLetIn)
        {
            await client.StartTlsAsync(certificate);
            return;
        }
        // With TLS 1.3 the client learns of it by its first read only.
        await Assert.ThrowsAnyAsync<Exception>(() => client.StartTlsAsync(certificate));
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 0);
    }

    [Fact]
    public async Task A_renewed_certificate_serves_the_next_client_and_a_broken_one_does_not()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await StartAsync(time: clock);
        Assert.Equal("CN=broker", await SubjectAsync(server));

        _certificates.RenewServer("renewed");
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=renewed", await SubjectAsync(server));

        await File.WriteAllTextAsync(_certificates.CertificateFile, "half-written");
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("CN=renewed", await SubjectAsync(server));
    }

    [Fact]
    public async Task A_certificate_without_its_key_is_refused_at_the_start()
    {
        using TestCertificates others = new();
        File.Copy(others.KeyFile, _certificates.KeyFile, overwrite: true);
        CertificateException refusal = await Assert.ThrowsAsync<CertificateException>(() => StartAsync());
        Assert.Contains(_certificates.KeyFile, refusal.Message);
    }

    [Fact]
    public async Task An_older_version_than_allowed_is_refused()
    {
        await using RunningGateway server = await StartAsync(tls => tls.MinVersion = TlsVersion.Tls13);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskTls);
        await client.StartTlsAsync();
        Assert.Equal(SslProtocols.Tls13, client.Tls!.SslProtocol);
    }

    private Task<RunningGateway> StartAsync(Action<TlsOptions>? configure = null, TimeProvider? time = null) =>
        RunningGateway.StartAsync(time, options =>
        {
            _certificates.Configure(options.Tls);
            configure?.Invoke(options.Tls);
        });

    private static async Task<string> SubjectAsync(RunningGateway server)
    {
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(server);
        await client.IdentifyAsync(AskTls);
        await client.StartTlsAsync();
        return client.Tls!.RemoteCertificate!.Subject;
    }

    private static async Task PublishAsync(LayeredSocket client, string body)
    {
        await client.SendAsync("PUB t\n" + Sized(body));
        await client.ExpectAsync("OK");
    }

    /// <summary>Small and large, in both directions, and at last a graceful end.</summary>
    private static async Task FlowAsync(LayeredSocket client)
    {
        string large = string.Concat(Enumerable.Range(0, 200_000).Select(i => (char)('a' + (i % 7 * i % 26))));
        await client.SendAsync("SUB t c\nRDY 1\n");
        await client.ExpectAsync("OK");
        foreach (string body in (string[])["small", large, "small again"])
        {
            await client.SendAsync("PUB t\n" + Sized(body));
            List<(Broker.Protocol.FrameType Type, string Data)> frames = [await client.ReadFrameAsync(), await client.ReadFrameAsync()];
            Assert.Contains((Broker.Protocol.FrameType.Response, "OK"), frames);
            string message = frames.Single(frame => frame.Type == Broker.Protocol.FrameType.Message).Data;
            Assert.Equal(body, message[26..]);
            await client.SendAsync($"FIN {message[10..26]}\n");
        }
        await client.SendAsync("CLS\n");
        await client.ExpectAsync("CLOSE_WAIT");
    }
}
