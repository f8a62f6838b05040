namespace Broker.Gateway.Security;

/// <summary>Who somebody is and what they may do, for a while.</summary>
/// <param name="Identity">A name for people.</param>
/// <param name="IdentityUrl">Where more is said of them; may be empty.</param>
/// <param name="Grants">What they may do; none is a refusal.</param>
/// <param name="TimeToLive">After that it has to be asked for again.</param>
public sealed record Authorization(string Identity, string IdentityUrl, IReadOnlyList<Grant> Grants, TimeSpan TimeToLive)
{
    /// <summary>Whether some grant allows it.</summary>
    /// <param name="permission">One permission.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="channel">The channel; empty for publishes.</param>
    public bool Allows(Permissions permission, string topic, string channel)
    {
        foreach (Grant grant in Grants)
        {
            if (grant.Allows(permission, topic, channel))
                return true;
        }
        return false;
    }
}
