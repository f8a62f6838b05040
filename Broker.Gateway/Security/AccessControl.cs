using Broker.Policies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broker.Gateway.Security;

/// <summary>Whether clients have to log in, and who knows them: for the TCP port and for HTTP.</summary>
public sealed class AccessControl : IDisposable
{
    /// <param name="options">Who is to be asked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="CertificateException">The authorities that auth servers are verified with cannot be read.</exception>
    /// <exception cref="UserFileException">The file of users cannot be used.</exception>
    public AccessControl(IOptions<GatewayOptions> options, TimeProvider time, ILogger<AccessControl> logger)
    {
        AuthOptions auth = options.Value.Auth;
        if (auth.HttpAddresses.Count > 0)
            Authenticator = new HttpAuthenticator(auth, options.Value.Tls.RootCaFile, logger);
        else if (auth.File.Length > 0)
            Authenticator = new FileAuthenticator(auth.File, time, logger);
        IsFile = auth.HttpAddresses.Count == 0 && auth.File.Length > 0;
    }

    /// <summary>Who knows the clients; null where everything is allowed to everyone.</summary>
    public IAuthenticator? Authenticator { get; }

    /// <summary>Whether it is the file of users, which guards HTTP too.</summary>
    public bool IsFile { get; }

    /// <inheritdoc/>
    public void Dispose() => (Authenticator as IDisposable)?.Dispose();
}
