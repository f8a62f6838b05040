namespace Broker.Gateway.Security;

/// <summary>One of the things that somebody may do.</summary>
/// <param name="Topic">Where.</param>
/// <param name="Channels">On which channels; for publishes one of them must match the empty name.</param>
/// <param name="Permissions">What.</param>
public sealed record Grant(NamePattern Topic, IReadOnlyList<NamePattern> Channels, Permissions Permissions)
{
    /// <summary>Whether this grant allows it.</summary>
    public bool Allows(Permissions permission, string topic, string channel)
    {
        if ((Permissions & permission) == 0 || !Topic.IsMatch(topic))
            return false;
        foreach (NamePattern pattern in Channels)
        {
            if (pattern.IsMatch(channel))
                return true;
        }
        return false;
    }
}
