using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Broker.Client;
using Broker.Tests.Running;
using Broker.Tests.Simulation;

namespace Broker.Tests.Client;

/// <summary>Encryption, compression and log-in, against a server that does them by hand.</summary>
public sealed class UpgradeTests : IAsyncDisposable
{
    private static readonly byte[] Body = Encoding.ASCII.GetBytes(new string('x', 10_000));

    private readonly ScriptedServer _server = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData(false, NsqCompression.Deflate)]
    [InlineData(false, NsqCompression.Snappy)]
    [InlineData(true, NsqCompression.None)]
    [InlineData(true, NsqCompression.Deflate)]
    [InlineData(true, NsqCompression.Snappy)]
    public async Task What_was_agreed_on_is_done_from_then_on(bool tls, NsqCompression compression)
    {
        using X509Certificate2 certificate = Certificate();
        await using NsqProducer producer = Producer(options =>
        {
            options.Compression = compression;
            options.Tls = tls ? new NsqTlsOptions { AllowUntrustedCertificate = true } : null;
        });
        Task publish = producer.PublishAsync("orders", Body).AsTask();
        ScriptedConnection connection = await _server.AcceptAsync();
        await connection.ExpectIdentifyAsync();
        Assert.Equal(tls, connection.Identity.GetProperty("tls_v1").GetBoolean());
        Assert.Equal(compression == NsqCompression.Deflate, connection.Identity.GetProperty("deflate").GetBoolean());
        Assert.Equal(compression == NsqCompression.Snappy, connection.Identity.GetProperty("snappy").GetBoolean());
        await connection.SendResponseAsync(Reply(tls, compression));
        if (tls)
        {
            await connection.EncryptAsync(certificate);
            await connection.SendResponseAsync("OK");
        }
        if (compression == NsqCompression.Deflate) connection.Deflate();
        if (compression == NsqCompression.Snappy) connection.Snap();
        if (compression != NsqCompression.None) await connection.SendResponseAsync("OK");

        await connection.ExpectPublishAsync("orders", Encoding.ASCII.GetString(Body));
        await connection.SendResponseAsync("OK");
        await publish;

        // Once more, with a heartbeat on the way: both directions go on being compressed.
        Task again = producer.PublishAsync("orders", RandomNumberGenerator.GetBytes(200_000)).AsTask();
        await connection.ExpectLineAsync("PUB orders");
        Assert.Equal(200_000, (await connection.ReadSizedAsync()).Length);
        await connection.SendResponseAsync("_heartbeat_");
        await connection.ExpectLineAsync("NOP");
        await connection.SendResponseAsync("OK");
        await again;
    }

    [Fact]
    public async Task A_certificate_is_checked_against_the_authorities_given()
    {
        using X509Certificate2 certificate = Certificate();
        using DataFolder folder = new();
        string roots = Path.Combine(folder.Path, "roots.pem");
        await File.WriteAllTextAsync(roots, certificate.ExportCertificatePem());
        await using NsqProducer producer = Producer(options =>
            options.Tls = new NsqTlsOptions { RootCertificateFile = roots, ServerName = "nsqd.test" });
        Task publish = producer.PublishAsync("orders", Body).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync(Reply(tls: true, NsqCompression.None));
        await connection.EncryptAsync(certificate);
        await connection.SendResponseAsync("OK");
        await connection.ExpectPublishAsync("orders", Encoding.ASCII.GetString(Body));
        await connection.SendResponseAsync("OK");
        await publish;
    }

    [Fact]
    public async Task An_untrusted_certificate_is_refused()
    {
        using X509Certificate2 certificate = Certificate();
        await using NsqProducer producer = Producer(options => options.Tls = new NsqTlsOptions());
        using CancellationTokenSource enough = new();
        Task publish = producer.PublishAsync("orders", Body, enough.Token).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync(Reply(tls: true, NsqCompression.None));
        // The handshake may succeed on this side: in TLS 1.3 the client judges last. It does not go on, though.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await connection.EncryptAsync(certificate);
            await connection.SendResponseAsync("OK");
            await connection.ReadLineAsync();
        });
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => publish);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_without_tls_is_refused_unless_allowed(bool allowed)
    {
        VirtualTimeProvider clock = new();
        await using NsqProducer producer = Producer(options =>
        {
            options.Tls = new NsqTlsOptions { AllowPlaintext = allowed };
            options.ConnectTimeout = TimeSpan.FromDays(1);
        }, clock);
        Task publish = producer.PublishAsync("orders", Body).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync(Reply(tls: false, NsqCompression.None));
        if (allowed)
        {
            await connection.ExpectPublishAsync("orders", Encoding.ASCII.GetString(Body));
            await connection.SendResponseAsync("OK");
            await publish;
            return;
        }
        Assert.Equal("", await connection.ReadToEndAsync());
        await Gateway.Eventually.TrueAsync(() =>
        {
            if (!publish.IsCompleted) clock.Advance(TimeSpan.FromMilliseconds(50));
            return publish.IsCompleted;
        });
        NsqConnectionException failure = await Assert.ThrowsAsync<NsqConnectionException>(() => publish);
        Assert.Contains("does not offer TLS", failure.Message);
    }

    [Fact]
    public async Task A_server_without_compression_is_used_without()
    {
        await using NsqProducer producer = Producer(options => options.Compression = NsqCompression.Snappy);
        Task publish = producer.PublishAsync("orders", Body).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync(Reply(tls: false, NsqCompression.None));
        await connection.ExpectPublishAsync("orders", Encoding.ASCII.GetString(Body));
        await connection.SendResponseAsync("OK");
        await publish;
    }

    [Fact]
    public async Task The_secret_is_sent_where_it_is_wanted()
    {
        await using NsqProducer producer = Producer(options => options.AuthSecret = "swordfish");
        Task publish = producer.PublishAsync("orders", Body).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync("""{"max_rdy_count":2500,"auth_required":true}""");
        await connection.ExpectLineAsync("AUTH");
        Assert.Equal("swordfish", Encoding.UTF8.GetString(await connection.ReadSizedAsync()));
        await connection.SendResponseAsync("""{"identity":"me","identity_url":"","permission_count":1}""");
        await connection.ExpectPublishAsync("orders", Encoding.ASCII.GetString(Body));
        await connection.SendResponseAsync("OK");
        await publish;
    }

    [Fact]
    public async Task A_wrong_secret_fails_with_the_servers_words()
    {
        await using NsqProducer producer = Producer(options => options.AuthSecret = "swordfish");
        Task publish = producer.PublishAsync("orders", Body).AsTask();
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync("""{"max_rdy_count":2500,"auth_required":true}""");
        await connection.ExpectLineAsync("AUTH");
        await connection.ReadSizedAsync();
        await connection.SendErrorAsync("E_UNAUTHORIZED AUTH no authorizations found");
        Assert.Equal("E_UNAUTHORIZED AUTH no authorizations found", (await Assert.ThrowsAsync<NsqServerException>(() => publish)).ServerError);
    }

    private static string Reply(bool tls, NsqCompression compression) => $$"""
        {"max_rdy_count":2500,"msg_timeout":60000,"tls_v1":{{Json(tls)}},"deflate":{{Json(compression == NsqCompression.Deflate)}},"deflate_level":6,"snappy":{{Json(compression == NsqCompression.Snappy)}}}
        """;

    private static string Json(bool value) => value ? "true" : "false";

    private static X509Certificate2 Certificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=nsqd.test", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("nsqd.test");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        // SslStream wants a key that is kept with the certificate.
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    private NsqProducer Producer(Action<NsqProducerOptions> configure, TimeProvider? time = null)
    {
        NsqProducerOptions options = new() { Addresses = { _server.Address } };
        configure(options);
        return new NsqProducer(options, null, time);
    }
}
