using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Broker.Gateway.Security;
using Broker.Policies;
using Broker.Tests.Http;
using Broker.Tests.Running;

namespace Broker.Tests.Security;

/// <summary>HTTPS, the refusal of plain HTTP, users over HTTP, and what statistics say of TLS and log-ins.</summary>
public sealed class HttpSecurityTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly DataFolder _folder = new();

    private string UsersFile => Path.Combine(_folder.Path, "users.json");

    public void Dispose()
    {
        _certificates.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("/ping")]
    [InlineData("/stats")]
    [InlineData("/nowhere")]
    public async Task Case_33_Plain_HTTP_is_told_the_port_of_HTTPS(string path)
    {
        await using HttpBroker broker = await StartAsync(tls => tls.Required = TlsRequirement.All);
        HttpReply reply = await broker.GetAsync(path);
        Assert.Equal(403, reply.Status);
        Assert.Equal($"{{\"message\": \"TLS_REQUIRED\", \"https_port\": {broker.Broker.HttpsEndPoint.Port}}}", reply.Body);
        using HttpClient client = ClientOf(broker);
        Assert.Equal("OK", await client.GetStringAsync("/ping"));
    }

    [Fact]
    public async Task Plain_HTTP_stays_where_only_TCP_needs_TLS()
    {
        await using HttpBroker broker = await StartAsync(tls => tls.Required = TlsRequirement.TcpOnly);
        Assert.Equal(200, (await broker.GetAsync("/ping")).Status);
    }

    [Fact]
    public async Task HTTPS_publishes_and_asks_for_certificates_as_TCP_does()
    {
        await using HttpBroker broker = await StartAsync(tls => tls.ClientCertificates = ClientCertificatePolicy.RequireVerified);
        using X509Certificate2 certificate = _certificates.IssueClient("CN=tool");
        using (HttpClient client = ClientOf(broker, certificate))
        {
            using HttpResponseMessage response = await client.PostAsync("/pub?topic=t", new StringContent("x"));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }
        using HttpClient stranger = ClientOf(broker);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => stranger.GetStringAsync("/ping"));
    }

    [Fact]
    public async Task Statistics_tell_of_TLS_and_of_who_has_logged_in()
    {
        const string answer =
            """{"ttl":60,"identity":"me","identity_url":"u","authorizations":[{"topic":".*","channels":[".*"],"permissions":["subscribe"]}]}""";
        await using AuthServer auth = await AuthServer.StartAsync(answer);
        await using HttpBroker broker = await StartAsync(configure: gateway => gateway.Auth.HttpAddresses = [auth.Address]);
        await using LayeredSocket client = await LayeredSocket.ConnectAsync(broker.Broker.TcpEndPoint);
        await client.IdentifyAsync("""{"feature_negotiation":true,"tls_v1":true,"snappy":true}""");
        await client.StartTlsAsync();
        await client.StartSnappyAsync();
        await client.SendAsync("AUTH\n" + Gateway.NsqSocket.Sized("s") + "SUB t c\n");
        await client.ReadFrameAsync();
        await client.ExpectAsync("OK");
        JsonNode seen = (await broker.ChannelAsync("t", "c"))["clients"]!.AsArray().Single()!;
        Assert.True((bool)seen["tls"]! && (bool)seen["snappy"]! && (bool)seen["authed"]! && !(bool)seen["deflate"]!);
        Assert.Equal(("me", "u"), ((string?)seen["auth_identity"], (string?)seen["auth_identity_url"]));
        Assert.StartsWith("TLS1.", (string?)seen["tls_version"]);
        Assert.StartsWith("TLS_", (string?)seen["tls_cipher_suite"]);
        Assert.Contains("tls=true", auth.Requests.Single());
    }

    [Theory]
    [InlineData(null, "GET", "/ping", 200)]
    [InlineData(null, "GET", "/stats", 401)]
    [InlineData("writer:wrong", "GET", "/stats", 401)]
    [InlineData("writer:secret", "GET", "/stats", 200)]
    [InlineData("writer:secret", "GET", "/info", 200)]
    [InlineData("writer:secret", "POST", "/pub?topic=t", 200)]
    [InlineData("writer:secret", "POST", "/pub?topic=other", 403)]
    [InlineData("writer:secret", "POST", "/topic/create?topic=t", 403)]
    [InlineData("writer:secret", "GET", "/config/log_level", 403)]
    [InlineData("writer:secret", "GET", "/debug/pprof/cmdline", 403)]
    [InlineData("admin:secret", "POST", "/topic/create?topic=t", 200)]
    [InlineData("admin:secret", "POST", "/pub?topic=t", 403)]
    [InlineData("admin:secret", "GET", "/config/log_level", 200)]
    public async Task Users_of_the_file_do_over_HTTP_what_the_file_allows(string? login, string method, string path, int status)
    {
        string hash = SecretHash.Of("secret"u8).ToFileText();
        await File.WriteAllTextAsync(UsersFile, $$"""
            {"users":[
              {"name":"writer","secret_hash":"{{hash}}","authorizations":[{"topic":"^t$","channels":[".*"],"permissions":["publish"]}]},
              {"name":"admin","secret_hash":"{{hash}}","authorizations":[{"topic":".*","channels":[".*"],"permissions":["admin"]}]}]}
            """);
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Gateway.Auth.File = UsersFile);
        using HttpClient client = HttpBroker.ClientOf(broker.Broker.HttpEndPoint);
        using HttpRequestMessage request = new(new HttpMethod(method), path) { Content = method == "POST" ? new StringContent("x") : null };
        if (login is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(login)));
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal(status, (int)response.StatusCode);
    }

    private Task<HttpBroker> StartAsync(Action<TlsOptions>? configureTls = null, Action<GatewayOptions>? configure = null) =>
        HttpBroker.StartAsync(settings =>
        {
            settings.Gateway.HttpsAddress = "127.0.0.1:0";
            _certificates.Configure(settings.Gateway.Tls);
            configureTls?.Invoke(settings.Gateway.Tls);
            configure?.Invoke(settings.Gateway);
        });

    private static HttpClient ClientOf(HttpBroker broker, X509Certificate2? certificate = null)
    {
        SslClientAuthenticationOptions options = new() { RemoteCertificateValidationCallback = static (_, _, _, _) => true };
        if (certificate is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        return new HttpClient(new SocketsHttpHandler { SslOptions = options })
        {
            BaseAddress = new Uri($"https://{broker.Broker.HttpsEndPoint}"),
            Timeout = TimeSpan.FromSeconds(60),
        };
    }
}
