namespace Broker.Policies;

/// <summary>Versions of TLS, oldest first. The first two are broken and the platform may refuse them whatever is asked for.</summary>
public enum TlsVersion
{
    /// <summary>TLS 1.0.</summary>
    Tls10 = 0,

    /// <summary>TLS 1.1.</summary>
    Tls11,

    /// <summary>TLS 1.2.</summary>
    Tls12,

    /// <summary>TLS 1.3.</summary>
    Tls13,
}
