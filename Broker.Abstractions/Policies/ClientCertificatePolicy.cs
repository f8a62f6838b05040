namespace Broker.Policies;

/// <summary>Which certificates clients must show (spec 6.1, <c>tls-client-auth-policy</c>).</summary>
public enum ClientCertificatePolicy
{
    /// <summary>None is asked for.</summary>
    None = 0,

    /// <summary>Any, by whomever it was issued.</summary>
    Require,

    /// <summary>One that a known authority has issued for clients.</summary>
    RequireVerified,
}
