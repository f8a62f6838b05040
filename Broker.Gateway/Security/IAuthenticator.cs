namespace Broker.Gateway.Security;

/// <summary>Says who somebody is and what they may do.</summary>
public interface IAuthenticator
{
    /// <summary>Asks.</summary>
    /// <param name="credentials">What they show.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>What they may do, perhaps nothing; null when nobody can say, and then they may do nothing either.</returns>
    ValueTask<Authorization?> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken);
}
