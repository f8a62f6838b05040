using Broker.Protocol;

namespace Broker.Gateway.Security;

/// <summary>What one connection may do: AUTH's part in it (spec 1.8). A connection has one only where clients must log in.</summary>
internal sealed class ConnectionGuard(IAuthenticator authenticator, TimeProvider time)
{
    private Credentials? _credentials;
    private Authorization? _authorization;
    private long _obtained;

    // The topic that was last found allowed: publishes come in long rows of the same one.
    private string? _allowedTopic;

    /// <summary>Who the client is; null before AUTH.</summary>
    public Authorization? Authorization => _authorization;

    /// <summary>Whether the authorization has run out: <see cref="RefreshAsync"/> comes before the next check.</summary>
    public bool IsStale => _authorization is { Grants.Count: > 0 } known && time.GetElapsedTime(_obtained) >= known.TimeToLive;

    /// <summary>AUTH.</summary>
    /// <param name="credentials">What the client shows.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <returns>The reply's JSON, or the error.</returns>
    public async ValueTask<(byte[]? Reply, ProtocolError? Error)> AuthenticateAsync(
        Credentials credentials, CancellationToken cancellationToken)
    {
        if (_authorization is { Grants.Count: > 0 })
            return (null, ProtocolError.AuthAlreadySet);
        _credentials = credentials;
        if (await RefreshAsync(cancellationToken) is { } error)
            return (null, error);
        Authorization known = _authorization!;
        if (known.Grants.Count == 0)
            return (null, ProtocolError.NoAuthorizations);
        AuthReply reply = new() { Identity = known.Identity, IdentityUrl = known.IdentityUrl, PermissionCount = known.Grants.Count };
        return (reply.ToJson(), null);
    }

    /// <summary>Asks again with the same credentials.</summary>
    /// <returns>The error when nobody can say.</returns>
    public async ValueTask<ProtocolError?> RefreshAsync(CancellationToken cancellationToken)
    {
        Authorization? known = await authenticator.AuthenticateAsync(_credentials!, cancellationToken);
        if (known is null)
            return ProtocolError.AuthFailed;
        _obtained = time.GetTimestamp();
        _allowedTopic = null;
        _authorization = known;
        return null;
    }

    /// <summary>Whether the client may publish.</summary>
    /// <param name="verb">The command.</param>
    /// <param name="topic">The topic.</param>
    /// <returns>The error when it may not.</returns>
    public ProtocolError? CheckPublish(CommandVerb verb, string topic)
    {
        if (ReferenceEquals(topic, _allowedTopic))
            return null;
        ProtocolError? error = Check(verb, Permissions.Publish, topic, "");
        if (error is null)
            _allowedTopic = topic;
        return error;
    }

    /// <summary>Whether the client may subscribe.</summary>
    /// <returns>The error when it may not.</returns>
    public ProtocolError? CheckSubscribe(string topic, string channel) => Check(CommandVerb.Sub, Permissions.Subscribe, topic, channel);

    private ProtocolError? Check(CommandVerb verb, Permissions permission, string topic, string channel)
    {
        if (_authorization is not { Grants.Count: > 0 } known)
            return ProtocolError.AuthFirst(verb);
        return known.Allows(permission, topic, channel) ? null : ProtocolError.Unauthorized(verb, topic, channel);
    }
}
