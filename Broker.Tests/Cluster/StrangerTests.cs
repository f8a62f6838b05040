using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Broker.Silo.Cluster;
using Broker.Silo.Settings;
using Broker.Tests.Running;
using Broker.Tests.Security;
using Broker.Tests.Storage.Postgres;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Connections.Security;
using Orleans.Hosting;
using DataFolder = Broker.Tests.Running.DataFolder;

namespace Broker.Tests.Cluster;

/// <summary>Who may call the grains of a cluster with certificates, made by the commands of docs/cluster.md.</summary>
public sealed class StrangerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // A client that is refused tries again for as long as its caller lets it.
    private static readonly TimeSpan StrangersPatience = TimeSpan.FromSeconds(10);

    // A connection that nobody refuses stays open for as long as the caller likes.
    private static readonly TimeSpan Stay = TimeSpan.FromSeconds(2);

    private readonly DataFolder _folder = new();
    private readonly TestCertificates _foreign = new();

    [Fact]
    public async Task Whoever_has_no_certificate_of_the_cluster_gets_nothing()
    {
        await MakeCertificatesAsync();
        IReadOnlyList<string> ports = SiloPorts.FlagsWithGateway();
        await using RoleProcess silo = await RoleProcess.StartAsync(
            _folder.Path,
            addresses: 1,
            [
                "nsqd", "--storage=postgres", $"--postgres={(await PostgresServer.SharedAsync()).ConnectionString}", $"--postgres-schema={TestStorage.NewSchema()}_stranger",
                "--tcp-address=127.0.0.1:0", "--http-address=", .. ports,
                "--cluster-tls-cert=silo-1.pem", "--cluster-tls-key=silo-1.key", "--cluster-tls-root-ca-file=cluster-ca.pem",
            ]);
        IPEndPoint[] doors = [.. ports.Skip(1).Select(port => new IPEndPoint(IPAddress.Loopback, int.Parse(port.Split('=')[1])))];
        using X509Certificate2 foreign = X509Certificate2.CreateFromPemFile(_foreign.CertificateFile, _foreign.KeyFile);
        using X509Certificate2 member = X509Certificate2.CreateFromPemFile(PathOf("silo-2.pem"), PathOf("silo-2.key"));

        foreach (IPEndPoint door in doors)
        {
            Assert.True(await IsRefusedAsync(door, shown: null, Patience), $"{door} serves whoever has no certificate");
            Assert.True(await IsRefusedAsync(door, foreign, Patience), $"{door} serves whoever has another authority's certificate");
            Assert.False(await IsRefusedAsync(door, member, Stay), $"{door} refuses a member: {string.Join('\n', silo.Lines)}");
        }
        IPEndPoint gateway = doors[1];
        await Task.WhenAll(
            Assert.ThrowsAnyAsync<Exception>(() => AskAsync(gateway, static _ => { }, StrangersPatience)),
            Assert.ThrowsAnyAsync<Exception>(() => AskAsync(gateway, client => client.UseTls(foreign, BelieveAll), StrangersPatience)));
        ClusterSettings settings = new() { TlsCertificateFile = PathOf("silo-2.pem"), TlsKeyFile = PathOf("silo-2.key"), TlsRootCaFile = PathOf("cluster-ca.pem") };
        Assert.False((await AskAsync(gateway, client => ClusterTls.Apply(client, settings), Patience)).Exists);
    }

    public void Dispose()
    {
        _foreign.Dispose();
        _folder.Dispose();
    }

    private static void BelieveAll(TlsOptions options)
    {
        options.RemoteCertificateValidation = static (_, _, _) => true;
        options.OnAuthenticateAsClient = static (_, authentication) => authentication.TargetHost = "broker";
    }

    // An Orleans client asks for a topic that nobody made.
    private static async Task<TopicStats> AskAsync(IPEndPoint gateway, Action<IClientBuilder> secure, TimeSpan patience)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleansClient(client =>
        {
            client.UseStaticClustering(gateway);
            client.Configure<ClusterOptions>(static options => (options.ClusterId, options.ServiceId) = ("broker", "broker"));
            secure(client);
        });
        using IHost host = builder.Build();
        using CancellationTokenSource limit = new(patience);
        await host.StartAsync(limit.Token);
        TopicStats stats = await host.Services.GetRequiredService<IGrainFactory>().GetGrain<ITopicGrain>("none").StatsAsync(new StatsRequest(null, IncludeConsumers: false));
        await host.StopAsync();
        return stats;
    }

    // True when the other side ends the connection instead of serving it.
    private static async Task<bool> IsRefusedAsync(IPEndPoint door, X509Certificate2? shown, TimeSpan patience)
    {
        using TcpClient tcp = new();
        await tcp.ConnectAsync(door);
        await using SslStream tls = new(tcp.GetStream(), leaveInnerStreamOpen: false, static (_, _, _, _) => true);
        using CancellationTokenSource limit = new(patience);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "broker", ClientCertificates = shown is null ? null : [shown] }, limit.Token);
            return await tls.ReadAsync(new byte[1], limit.Token) == 0;
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task MakeCertificatesAsync()
    {
        string[] blocks = (await File.ReadAllTextAsync(Solution.PathOf("docs/cluster.md"))).Split("```");
        string commands = blocks.Single(block => block.StartsWith("sh\n", StringComparison.Ordinal) && block.Contains("openssl req -x509", StringComparison.Ordinal))["sh\n".Length..];
        ProcessStartInfo start = new("sh", ["-e", "-c", commands]) { WorkingDirectory = _folder.Path, RedirectStandardError = true };
        using Process shell = Process.Start(start)!;
        string said = await shell.StandardError.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, said);
    }

    private string PathOf(string file) => Path.Combine(_folder.Path, file);
}
