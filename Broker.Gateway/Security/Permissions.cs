namespace Broker.Gateway.Security;

/// <summary>What a grant allows.</summary>
[Flags]
public enum Permissions
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Consume from a channel.</summary>
    Subscribe = 1,

    /// <summary>Publish to a topic.</summary>
    Publish = 2,

    /// <summary>Create, delete, empty and pause over HTTP; only the file of users grants it.</summary>
    Admin = 4,
}
