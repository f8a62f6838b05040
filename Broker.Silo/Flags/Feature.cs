namespace Broker.Silo.Flags;

/// <summary>
/// What a flag belongs to. A flag that asks for a feature which is not there is refused, so that nobody believes to have what
/// they do not get.
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
    public static readonly Feature Cluster = GrainEngine.IsClustered
        ? Available("A cluster")
        : new("A cluster", "comes with the Orleans engine (dotnet build -p:GrainEngine=Orleans)");
    public static readonly Feature Statsd = Available("statsd");
    public static readonly Feature Latency = Available("End-to-end latency");

    private Feature(string name, string absence)
    {
        Name = name;
        Absence = absence;
    }

    /// <summary>Its name at the beginning of a sentence.</summary>
    public string Name { get; }

    /// <summary>Whether this build has it.</summary>
    public bool IsAvailable => Absence.Length == 0;

    /// <summary>Why this build has not got it, as the end of a sentence that begins with the name; empty when it has.</summary>
    public string Absence { get; }

    private static Feature Available(string name) => new(name, "");
}
