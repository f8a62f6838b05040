namespace Broker.Policies;

/// <summary>Who must use TLS (spec 6.1, <c>tls-required</c>).</summary>
public enum TlsRequirement
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>Clients of the TCP port; the HTTP port goes on without.</summary>
    TcpOnly,

    /// <summary>Everybody.</summary>
    All,
}
