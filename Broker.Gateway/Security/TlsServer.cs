using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Broker.Policies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broker.Gateway.Security;

/// <summary>The server's side of TLS, for clients of the TCP port and of HTTPS alike (spec 1.7, 6.1).</summary>
public sealed class TlsServer
{
    private const string CommonNameOid = "2.5.4.3";

    private readonly TlsOptions _options;
    private readonly CertificateFiles? _files;

    /// <param name="options">Which files, and what clients must do.</param>
    /// <param name="time">The clock by which files are looked at again.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="CertificateException">There is a certificate, and it cannot be used.</exception>
    public TlsServer(IOptions<GatewayOptions> options, TimeProvider time, ILogger<TlsServer> logger)
    {
        _options = options.Value.Tls;
        if (_options.IsEnabled)
            _files = new CertificateFiles(_options.CertificateFile, _options.KeyFile, _options.RootCaFile, time, logger);
    }

    /// <summary>Whether there is a certificate to serve with.</summary>
    public bool IsEnabled => _files is not null;

    /// <summary>Whether certificates of clients are asked for.</summary>
    public bool IsMutual => _options.ClientCertificates != ClientCertificatePolicy.None;

    /// <summary>What a handshake that begins now is to hold to.</summary>
    /// <exception cref="InvalidOperationException">There is no certificate.</exception>
    public SslServerAuthenticationOptions CreateOptions()
    {
        CertificateFiles.Loaded files = _files?.Current ?? throw new InvalidOperationException("There is no certificate.");
        SslServerAuthenticationOptions options = new()
        {
            ServerCertificateContext = files.Server,
            EnabledSslProtocols = VersionsFrom(_options.MinVersion),
            ClientCertificateRequired = IsMutual,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            // A client can make a server renegotiate for as long as it likes, and no NSQ client needs it.
            AllowRenegotiation = false,
        };
        if (!IsMutual)
            return options;

        options.RemoteCertificateValidationCallback = Validate;
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck };
        if (files.Roots is { } roots)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(roots);
        }
        options.CertificateChainPolicy = policy;
        return options;
    }

    /// <summary>A version as nsqd's statistics write it (spec 3.4).</summary>
    public static string NameOf(SslProtocols version) => version switch
    {
        SslProtocols.Tls13 => "TLS1.3",
        SslProtocols.Tls12 => "TLS1.2",
#pragma warning disable SYSLIB0039
        SslProtocols.Tls11 => "TLS1.1",
        SslProtocols.Tls => "TLS1.0",
#pragma warning restore SYSLIB0039
        _ => version.ToString(),
    };

    /// <summary>The common name of a client's certificate; empty when there is none.</summary>
    public static string CommonNameOf(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 { SubjectName: var subject })
            return "";
        foreach (X500RelativeDistinguishedName name in subject.EnumerateRelativeDistinguishedNames())
        {
            if (!name.HasMultipleElements && name.GetSingleElementType().Value == CommonNameOid)
                return name.GetSingleElementValue() ?? "";
        }
        return "";
    }

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && (_options.ClientCertificates == ClientCertificatePolicy.Require || errors == SslPolicyErrors.None);

    private static SslProtocols VersionsFrom(TlsVersion min)
    {
        // The two old ones only ever when somebody asks for them by name.
#pragma warning disable SYSLIB0039
        SslProtocols versions = SslProtocols.Tls13;
        if (min <= TlsVersion.Tls12)
            versions |= SslProtocols.Tls12;
        if (min <= TlsVersion.Tls11)
            versions |= SslProtocols.Tls11;
        if (min <= TlsVersion.Tls10)
            versions |= SslProtocols.Tls;
#pragma warning restore SYSLIB0039
        return versions;
    }
}
