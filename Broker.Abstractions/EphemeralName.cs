namespace Broker;

/// <summary>The suffix that makes a topic or channel ephemeral (spec 1.4, 2.2).</summary>
public static class EphemeralName
{
    /// <summary>The suffix, a part of the name.</summary>
    public const string Suffix = "#ephemeral";

    /// <summary>Whether a topic or channel of this name is ephemeral.</summary>
    public static bool Matches(string name) => name.EndsWith(Suffix, StringComparison.Ordinal);
}
