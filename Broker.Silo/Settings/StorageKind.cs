namespace Broker.Silo.Settings;

/// <summary>Where messages are kept.</summary>
public enum StorageKind
{
    /// <summary>In memory: gone when the process ends.</summary>
    Memory,

    /// <summary>In files under the data path.</summary>
    Files,

    /// <summary>In a schema of a PostgreSQL database.</summary>
    Postgres,
}
