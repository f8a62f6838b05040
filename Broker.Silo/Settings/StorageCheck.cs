namespace Broker.Silo.Settings;

/// <summary>What settings about storage say together, which no flag can say by itself.</summary>
internal static class StorageCheck
{
    /// <summary>Refuses what contradicts itself.</summary>
    /// <exception cref="SettingsException">They contradict each other; the message says what to do.</exception>
    public static void Apply(BrokerSettings settings)
    {
        bool isNamed = settings.Postgres.ConnectionString.Length > 0;
        if (settings.StorageKind == StorageKind.Postgres && !isNamed)
            throw new SettingsException("--storage=postgres: name the database with --postgres=<connection string>, or BROKER_POSTGRES in the environment");
        if (settings.StorageKind != StorageKind.Postgres && isNamed && !settings.Cluster.OnlyPreparesDatabase)
            throw new SettingsException("--postgres: messages are not kept there without --storage=postgres; give both or neither");
    }
}
