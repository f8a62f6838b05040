using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broker.Gateway.Security;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Orleans.Connections.Security;
using Orleans.Hosting;

namespace Broker.Silo.Cluster;

/// <summary>
/// TLS between silos, and between gateways and silos. Each shows a certificate of the authorities that the operator names; that is what makes it a
/// member, whatever host name stands in it.
/// </summary>
internal static class ClusterTls
{
    /// <summary>Puts TLS on the connections of a silo, if there is a certificate.</summary>
    /// <exception cref="StartException">The files cannot be read.</exception>
    public static void Apply(ISiloBuilder silo, ClusterSettings cluster)
    {
        if (cluster.TlsCertificateFile.Length > 0)
            silo.UseTls(Read(cluster), Options(cluster));
    }

    /// <summary>Puts TLS on the connections of a gateway by itself, if there is a certificate.</summary>
    /// <exception cref="StartException">The files cannot be read.</exception>
    public static void Apply(IClientBuilder client, ClusterSettings cluster)
    {
        if (cluster.TlsCertificateFile.Length > 0)
            client.UseTls(Read(cluster), Options(cluster));
    }

    private static Action<TlsOptions> Options(ClusterSettings cluster)
    {
        X509Certificate2Collection roots = ReadRoots(cluster.TlsRootCaFile);
        return options =>
        {
            options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
            options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            options.RemoteCertificateValidation = (certificate, chain, errors) => IsOf(roots, certificate, chain, errors);
            // SslStream needs a name to ask for; which one does not matter.
            options.OnAuthenticateAsClient = (_, authentication) => authentication.TargetHost = cluster.ClusterId;
        };
    }

    private static bool IsOf(X509Certificate2Collection roots, X509Certificate2 certificate, X509Chain? shown, SslPolicyErrors errors)
    {
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return false;
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        foreach (X509ChainElement issuer in shown?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            chain.ChainPolicy.ExtraStore.Add(issuer.Certificate);
        return chain.Build(certificate);
    }

    private static X509Certificate2 Read(ClusterSettings cluster)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(cluster.TlsCertificateFile, cluster.TlsKeyFile);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StartException($"--cluster-tls-cert and --cluster-tls-key: {cluster.TlsCertificateFile} with {cluster.TlsKeyFile} cannot be used: {e.Message}");
        }
    }

    private static X509Certificate2Collection ReadRoots(string path)
    {
        X509Certificate2Collection roots = [];
        try
        {
            roots.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"--cluster-tls-root-ca-file: {path} cannot be read: {e.Message}");
        }
        return roots.Count > 0 ? roots : throw new StartException($"--cluster-tls-root-ca-file: {path} has no certificate in PEM form");
    }
}
