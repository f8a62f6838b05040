namespace Broker.Policies;

/// <summary>How connections are encrypted (spec 6.1). Without a certificate they are not.</summary>
public sealed class TlsOptions
{
    /// <summary>Path of the certificate, PEM, with the certificates that it was issued by behind it; empty for no TLS.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>Path of the certificate's key, PEM.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>Path of the authorities that client certificates and auth servers are verified with, PEM; empty for the system's.</summary>
    public string RootCaFile { get; set; } = "";

    /// <summary>Which certificates clients must show.</summary>
    public ClientCertificatePolicy ClientCertificates { get; set; }

    /// <summary>Who must use TLS.</summary>
    public TlsRequirement Required { get; set; }

    /// <summary>The oldest version that clients may speak.</summary>
    public TlsVersion MinVersion { get; set; } = TlsVersion.Tls12;

    /// <summary>Whether there is a certificate to serve with.</summary>
    public bool IsEnabled => CertificateFile.Length > 0;
}
