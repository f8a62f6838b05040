namespace Broker.Admin;

/// <summary>What somebody may do in the admin web.</summary>
public enum AdminRole
{
    /// <summary>Nothing: is not known.</summary>
    None = 0,

    /// <summary>See everything.</summary>
    Viewer,

    /// <summary>See and change everything.</summary>
    Admin,
}
