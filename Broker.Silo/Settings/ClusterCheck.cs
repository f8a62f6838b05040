using Broker.Silo.Flags;

namespace Broker.Silo.Settings;

/// <summary>What settings of a cluster say together, which no flag can say by itself.</summary>
internal static class ClusterCheck
{
    /// <summary>Refuses what contradicts itself.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="program">Whose settings they are.</param>
    /// <exception cref="SettingsException">They contradict each other; the message says what to do.</exception>
    public static void Apply(BrokerSettings settings, string program)
    {
        ClusterSettings cluster = settings.Cluster;
        int files = new[] { cluster.TlsCertificateFile, cluster.TlsKeyFile, cluster.TlsRootCaFile }.Count(file => file.Length > 0);
        if (files is not (0 or 3))
        {
            throw new SettingsException(
                "--cluster-tls-cert, --cluster-tls-key and --cluster-tls-root-ca-file: one is nothing without the others; give all three or none");
        }
        if (cluster.OnlyPreparesDatabase && settings.Postgres.ConnectionString.Length == 0)
            throw new SettingsException("--init-database: name the database with --postgres=<connection string>, or BROKER_POSTGRES in the environment");
        if (cluster.HasEventStream && !settings.IsClustered)
            throw new SettingsException("--event-stream: only applications in a cluster can subscribe; add --storage=postgres");
        if (program != FlagCatalogue.Gateway)
            return;
        if (settings.Postgres.ConnectionString.Length == 0)
            throw new SettingsException("gateway: name the database of its cluster with --postgres=<connection string>, or BROKER_POSTGRES in the environment");
        // Where the cluster is, is all that a gateway needs to know of the database.
        settings.StorageKind = StorageKind.Postgres;
    }
}
