using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broker.Policies;
using Broker.Tests.Running;

namespace Broker.Tests.Security;

/// <summary>An authority made for one test, and what it issues, as the PEM files that flags name.</summary>
internal sealed class TestCertificates : IDisposable
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    private readonly DataFolder _folder = new();
    private readonly X509Certificate2 _authority;

    public TestCertificates()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=Test Authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(AuthorityFile, _authority.ExportCertificatePem());
        RenewServer("broker");
    }

    public string CertificateFile => Path.Combine(_folder.Path, "cert.pem");

    public string KeyFile => Path.Combine(_folder.Path, "key.pem");

    public string AuthorityFile => Path.Combine(_folder.Path, "ca.pem");

    /// <summary>Has a gateway serve with these files.</summary>
    public void Configure(TlsOptions tls)
    {
        tls.CertificateFile = CertificateFile;
        tls.KeyFile = KeyFile;
        tls.RootCaFile = AuthorityFile;
    }

    /// <summary>Writes the server's certificate anew.</summary>
    public void RenewServer(string commonName)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = Issue($"CN={commonName}", key, ServerAuth);
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A client's certificate with its key, of this authority.</summary>
    public X509Certificate2 IssueClient(string subject) => WithKey(subject, ClientAuth);

    /// <summary>What this authority has issued for servers only, with its key.</summary>
    public X509Certificate2 IssueServerOnly(string subject) => WithKey(subject, ServerAuth);

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    private X509Certificate2 WithKey(string subject, string usage)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = Issue(subject, key, usage);
        return certificate.CopyWithPrivateKey(key);
    }

    private X509Certificate2 Issue(string subject, ECDsa key, string usage)
    {
        CertificateRequest request = new(subject, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        byte[] serial = RandomNumberGenerator.GetBytes(12);
        return request.Create(_authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(7), serial);
    }
}
