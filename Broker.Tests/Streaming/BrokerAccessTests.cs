using Broker.Client;
using Broker.Gateway.Security;
using Broker.Tests.Running;
using Broker.Tests.Security;

namespace Broker.Tests.Streaming;

/// <summary>Brokers that let in only who encrypts and logs in.</summary>
public sealed class BrokerAccessTests : IDisposable
{
    private readonly DataFolder _folder = new();

    [Fact]
    public async Task A_broker_that_wants_TLS_and_a_secret_gets_both()
    {
        using TestCertificates certificates = new();
        string users = Path.Combine(_folder.Path, "users.json");
        await File.WriteAllTextAsync(users, $$"""
            {"users":[{"name":"app","secret_hash":"{{SecretHash.Of("secret"u8).ToFileText()}}",
              "authorizations":[{"topic":".*","channels":[".*"],"permissions":["publish","subscribe"]}]}]}
            """);
        await using StreamCluster cluster = await StreamCluster.StartAsync(
            brokerFlags: [$"--tls-cert={certificates.CertificateFile}", $"--tls-key={certificates.KeyFile}", "--tls-required=true", $"--auth-file={users}"],
            options: options =>
            {
                options.Tls = new NsqTlsOptions { RootCertificateFile = certificates.AuthorityFile, ServerName = "localhost" };
                options.AuthSecret = "app:secret";
            });
        await cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "secured", 0, 50);
        Assert.Equal(0, await cluster.Record.WaitForAllAsync("implicit/secured", 50));
        await cluster.WaitUntilNothingIsHeldAsync();
        // Nobody else is let in.
        await using NsqProducer stranger = new(new NsqProducerOptions
        {
            Addresses = { $"127.0.0.1:{cluster.Port}" },
            Tls = new NsqTlsOptions { RootCertificateFile = certificates.AuthorityFile, ServerName = "localhost" },
            AuthSecret = "app:guessed",
        });
        await Assert.ThrowsAnyAsync<NsqException>(() => stranger.PublishAsync("broker.0", "x"u8.ToArray()).AsTask());
    }

    public void Dispose() => _folder.Dispose();
}
