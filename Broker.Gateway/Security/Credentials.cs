namespace Broker.Gateway.Security;

/// <summary>What a client shows to be let in. Never logged: its text says nothing of the secret.</summary>
/// <param name="secret">The bytes of AUTH's body, or of the password over HTTP.</param>
/// <param name="remoteAddress">The client's IP address; empty on a unix socket.</param>
/// <param name="isTls">Whether the connection is encrypted.</param>
/// <param name="commonName">Of the client's certificate; empty when there is none.</param>
public sealed class Credentials(ReadOnlyMemory<byte> secret, string remoteAddress, bool isTls, string commonName)
{
    /// <summary>The secret.</summary>
    public ReadOnlyMemory<byte> Secret => secret;

    /// <summary>The client's IP address.</summary>
    public string RemoteAddress => remoteAddress;

    /// <summary>Whether the connection is encrypted.</summary>
    public bool IsTls => isTls;

    /// <summary>Of the client's certificate.</summary>
    public string CommonName => commonName;

    /// <inheritdoc/>
    public override string ToString() => $"credentials of {remoteAddress}";
}
