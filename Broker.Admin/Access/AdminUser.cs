namespace Broker.Admin;

/// <summary>Who sent a request.</summary>
/// <param name="Name">Their name; empty when nobody asked for one.</param>
/// <param name="Role">What they may do.</param>
/// <param name="HasSession">Whether they logged in here, and so can log out.</param>
public sealed record AdminUser(string Name, AdminRole Role, bool HasSession = false)
{
    /// <summary>Somebody who is not let in.</summary>
    public static AdminUser Nobody { get; } = new("", AdminRole.None);

    /// <summary>Whether they may see anything.</summary>
    public bool IsKnown => Role != AdminRole.None;

    /// <summary>Whether they may change anything.</summary>
    public bool IsAdmin => Role == AdminRole.Admin;
}
