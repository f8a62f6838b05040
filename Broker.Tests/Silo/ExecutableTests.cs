using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Broker.Tests.Silo;

/// <summary>The built executable, started as scripts start it.</summary>
public sealed class ExecutableTests : IDisposable
{
    private const string Ed25519Certificate =
        """
        -----BEGIN CERTIFICATE-----
        MIIBLDCB36ADAgECAhR8zocnZ4+Qc2WFIp3nkUpAHLKb5TAFBgMrZXAwDDEKMAgG
        A1UEAwwBZTAeFw0yNjExMjcwNjM2MDBaFw0yNjEyMjcwNjM2MDBaMAwxCjAIBgNV
        BAMMAWUwKjAFBgMrZXADIQAWD83tUBCOodS5ZQQ4MhAPBy421nV1Clega3IwsN28
        oKNTMFEwHQYDVR0OBBYEFOAVZ2BVR22AVGyxtdfvdqZ5/klZMB8GA1UdIwQYMBaA
        FOAVZ2BVR22AVGyxtdfvdqZ5/klZMA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA
        zJo7D895wc4RC7lFVy4v+KGBnVpD9zUKUlIKwa52Yh+ee5XcxKBwtAX5l4kR3B2g
        kqOvHiIkbbnJC9QB5KkbDw==
        -----END CERTIFICATE-----
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    // The executable in its own output folder, not the copy beside the tests: that is the one that is shipped.
    private static string Executable => Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory.Replace("Broker.Tests", "Broker.Silo"), OperatingSystem.IsWindows() ? "Broker.Silo.exe" : "Broker.Silo"));

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("--no-such-flag", "Broker.Silo: --no-such-flag: there is no such flag; \"Broker.Silo --help\" lists all")]
    [InlineData("nsqd -msg-timeout never", "Broker.Silo: --msg-timeout: \"never\" is not a duration; write it like 250ms, 2s, 1m30s or 1.5h")]
    [InlineData("nsqd --data-path=gone", "Broker.Silo: --data-path: {cwd}/gone does not exist; create it or name another directory")]
    public async Task A_mistake_ends_it_with_one_line(string arguments, string line)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments);
        Assert.Equal(2, exitCode);
        Assert.Equal("", output);
        Assert.Equal(line.Replace("{cwd}", _folder.FullName), error.TrimEnd());
    }

    [Theory]
    [InlineData("cert.pem", "other.pem", "tls-key: other.pem is no key of the certificate cert.pem")]
    [InlineData("cert.pem", "encrypted.pem", "tls-key: encrypted.pem is encrypted, and nobody is there to give the passphrase; write it in the clear, as \"openssl pkey\" does")]
    [InlineData("cert.pem", "gone.pem", "tls-key: gone.pem cannot be read: Could not find file '{cwd}/gone.pem'.")]
    [InlineData("cert.pem", "cert.pem", "tls-key: cert.pem has no private key in PEM form")]
    [InlineData("gone.pem", "other.pem", "tls-cert: gone.pem cannot be read: Could not find file '{cwd}/gone.pem'.")]
    [InlineData("other.pem", "other.pem", "tls-cert: other.pem has no certificate in PEM form")]
    [InlineData("ed25519.pem", "other.pem", "tls-cert: ed25519.pem has a key of Ed25519 or Ed448, which .NET does not serve TLS with; use one of RSA or ECDSA")]
    public async Task A_certificate_or_key_that_cannot_be_used_ends_it_with_one_line(string certificate, string key, string line)
    {
        WriteCertificates();
        (int exitCode, string output, string error) = await RunAsync(
            $"nsqd --tcp-address=127.0.0.1:0 --http-address= --https-address=127.0.0.1:0 --tls-cert={certificate} --tls-key={key}");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Equal($"Broker.Silo: {line.Replace("{cwd}", _folder.FullName)}", error.TrimEnd());
    }

    [Theory]
    [InlineData("nsqd --http-address= --tcp-address=127.0.0.1:{port}")]
    [InlineData("nsqd --tcp-address=127.0.0.1:0 --http-address=127.0.0.1:{port}")]
    [InlineData("nsqlookupd --tcp-address=127.0.0.1:0 --http-address=127.0.0.1:{port}")]
    [InlineData("nsqadmin --nsqd-http-address=127.0.0.1:1 --http-address=127.0.0.1:{port}")]
    [InlineData("--tcp-address=127.0.0.1:0 --http-address= --discovery-tcp-address= --discovery-http-address= --admin-http-address=127.0.0.1:{port}")]
    public async Task A_busy_port_ends_it_with_one_line(string arguments)
    {
        using Socket busy = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        busy.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        busy.Listen();
        (int exitCode, string output, string error) = await RunAsync(arguments.Replace("{port}", $"{((IPEndPoint)busy.LocalEndPoint!).Port}"));
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Equal($"Broker.Silo: listen ({busy.LocalEndPoint}) failed - address already in use; stop what listens there or name another", error.TrimEnd());
    }

    [Fact]
    public async Task A_unix_socket_without_a_place_ends_it_with_one_line()
    {
        (int exitCode, string output, string error) = await RunAsync("nsqd --http-address= --tcp-address=no/such/folder.sock");
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Equal(
            $"Broker.Silo: listen ({_folder.FullName}/no/such/folder.sock) failed - its directory does not exist; create it or name another", error.TrimEnd());
    }

    [Fact]
    public async Task It_tells_its_version()
    {
        (int exitCode, string output, string error) = await RunAsync("nsqd --version");
        Assert.Equal(0, exitCode);
        Assert.StartsWith("nsqd v1.3.0 (", output);
        Assert.Equal("", error);
    }

    private void WriteCertificates()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=broker", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Write("cert.pem", certificate.ExportCertificatePem());
        Write("other.pem", other.ExportPkcs8PrivateKeyPem());
        Write("encrypted.pem", key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));
        // Made by openssl: .NET knows the algorithm no further than by its number. Nobody looks at the dates.
        Write("ed25519.pem", Ed25519Certificate);

        void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder.FullName, file), text);
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string arguments)
    {
        ProcessStartInfo start = new(Executable, arguments)
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (process.ExitCode, await output, await error);
    }
}
