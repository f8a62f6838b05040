namespace Broker.Policies;

/// <summary>Which PostgreSQL database keeps the messages, and how it is used.</summary>
public sealed class PostgresOptions
{
    /// <summary>Npgsql's connection string; may name several hosts. Holds a password, so it is never logged.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The schema that everything is kept in; made when it is not there.</summary>
    public string Schema { get; set; } = "broker";

    /// <summary>How long a start waits for the database to be reached, and for another broker to let go of the schema.</summary>
    public TimeSpan StartWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether several processes use the schema together, as the silos of a cluster do. Otherwise one process has it at a time, as with a
    /// data path.
    /// </summary>
    public bool IsShared { get; set; }

    /// <summary>The cluster whose silos share the schema; those of another are refused. Null to share it with whichever cluster has it.</summary>
    public string? Cluster { get; set; }
}
