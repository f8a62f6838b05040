namespace Broker.Silo.Flags;

/// <summary>
/// What a flag belongs to. A flag that asks for a feature which is not there is refused, so that nobody believes to have what
/// they do not get. When a feature lands, its line here becomes <c>Available</c>, and nothing else changes.
/// </summary>
public sealed class Feature
{
    public static readonly Feature Core = Available("The broker");
    public static readonly Feature Topology = Available("Topology-aware consumption");
    public static readonly Feature Http = Available("HTTP");
    public static readonly Feature FileStorage = Available("Storage in files");
    public static readonly Feature Tls = Available("TLS");
    public static readonly Feature Compression = Available("Compression");
    public static readonly Feature Auth = Available("AUTH");
    public static readonly Feature Limits = Available("Limits");
    public static readonly Feature Lookup = Available("The lookup service");
    public static readonly Feature Admin = Available("The admin web");
    public static readonly Feature Cluster = Missing("The stand-alone gateway");
    public static readonly Feature Statsd = Available("statsd");
    public static readonly Feature Latency = Available("End-to-end latency");

    private Feature(string name, bool isAvailable)
    {
        Name = name;
        IsAvailable = isAvailable;
    }

    /// <summary>Its name at the beginning of a sentence.</summary>
    public string Name { get; }

    /// <summary>Whether this version has it.</summary>
    public bool IsAvailable { get; }

    private static Feature Available(string name) => new(name, true);

    private static Feature Missing(string name) => new(name, false);
}
