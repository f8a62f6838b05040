using System.Collections.Frozen;

namespace Broker.Silo.Flags;

/// <summary>What flags are about, as help groups them.</summary>
internal static class FlagGroup
{
    public const string Common = "Common flags";
    public const string General = "General";
    public const string Storage = "Storage";
    public const string Cluster = "Cluster";
    public const string Lookup = "Lookup service";
    public const string Admin = "Admin web";
    public const string Clients = "Messages and clients";
    public const string Security = "TLS and log-in";
    public const string Limits = "Limits";
    public const string Monitoring = "Logs, metrics and traces";
    public const string WithoutEffect = "Accepted for compatibility with nsqd";

    /// <summary>All groups, in the order in which help shows them.</summary>
    public static readonly string[] Order = [Common, General, Storage, Clients, Lookup, Admin, Cluster, Security, Limits, Monitoring, WithoutEffect];

    // What the first hour needs.
    private static readonly FrozenSet<string> CommonNames =
    [
        "config", "tcp-address", "http-address", "data-path", "storage", "mem-queue-size", "lookupd-tcp-address", "broadcast-address", "lookupd-http-address",
        "nsqd-http-address", "admin-http-address", "log-level", "version",
    ];

    /// <summary>Whether most people need it.</summary>
    public static bool IsCommon(string name) => CommonNames.Contains(name);

    /// <summary>Puts flags into a group.</summary>
    public static IEnumerable<Flag> Of(string group, IEnumerable<Flag> flags)
    {
        foreach (Flag flag in flags)
        {
            flag.Group = group;
            yield return flag;
        }
    }
}
