namespace Broker.Grains;

/// <summary>How the cluster sees this silo.</summary>
public interface ISiloMembership
{
    /// <summary>
    /// Whether the others still count this silo among them: by the cluster's own list, not older than a moment. A silo that was cut off, or stood still,
    /// has been told nothing of it.
    /// </summary>
    ValueTask<bool> IsMemberAsync();
}
