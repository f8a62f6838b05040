using System.Net.Security;

namespace Broker.Client;

/// <summary>How connections are encrypted.</summary>
public sealed class NsqTlsOptions
{
    /// <summary>Name that the server's certificate must bear; null for the host part of its address.</summary>
    public string? ServerName { get; set; }

    /// <summary>PEM file of the only certificate authorities to trust; null for those of the system.</summary>
    public string? RootCertificateFile { get; set; }

    /// <summary>PEM file of the client's own certificate; null for none.</summary>
    public string? CertificateFile { get; set; }

    /// <summary>PEM file of the key of <see cref="CertificateFile"/>; null when it is in the same file.</summary>
    public string? KeyFile { get; set; }

    /// <summary>Accepts any certificate, which leaves the connection open to whoever sits between. For tests.</summary>
    public bool AllowUntrustedCertificate { get; set; }

    /// <summary>
    /// Goes on unencrypted when the server has no TLS, as other NSQ clients do. Off by default: such a server is refused.
    /// </summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>Changes the settings of a handshake after the ones above were applied; null for no changes.</summary>
    public Action<SslClientAuthenticationOptions>? Configure { get; set; }
}
