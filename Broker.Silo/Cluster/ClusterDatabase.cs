using System.Reflection;
using Broker.Policies;
using Broker.Storage.Postgres;
using Npgsql;

namespace Broker.Silo.Cluster;

/// <summary>The tables of a cluster, in the schema of its messages: who belongs to it.</summary>
internal static class ClusterDatabase
{
    /// <summary>What Orleans calls the driver of PostgreSQL.</summary>
    public const string Invariant = "Npgsql";

    private const string Resource = "ClusterTables.sql";
    private const int Seconds = 5;
    private const int Connections = 8;

    /// <summary>The connection string by which silos and gateways find the tables.</summary>
    public static string ConnectionStringOf(PostgresOptions options)
    {
        NpgsqlConnectionStringBuilder settings = new(options.ConnectionString) { SearchPath = options.Schema, Enlist = false };
        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true)
            settings.TargetSessionAttributes ??= "primary";
        settings.ApplicationName ??= "broker cluster";
        if (!settings.ShouldSerialize("Timeout"))
            settings.Timeout = Seconds;
        if (!settings.ShouldSerialize("Command Timeout"))
            settings.CommandTimeout = Seconds;
        if (!settings.ShouldSerialize("Maximum Pool Size"))
            settings.MaxPoolSize = Connections;
        return settings.ConnectionString;
    }

    /// <summary>Makes the tables and queries, or brings them up to date. Whoever comes second waits, and finds them made.</summary>
    /// <exception cref="Storage.StoreException">The database cannot be reached or used.</exception>
    public static Task PrepareAsync(PostgresOptions options, CancellationToken cancellation) => PostgresMessageStore.PrepareAsync(
        options,
        async connection =>
        {
            string schema = options.Schema;
            // Whoever only uses the tables may not be allowed to make any.
            if (await IsCurrentAsync(connection, schema))
                return;
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellation);
            await ExecuteAsync(connection, $"select pg_advisory_xact_lock(hashtextextended('broker cluster {schema}', 0))");
            await ExecuteAsync(connection, $"create schema if not exists \"{schema}\"");
            await ExecuteAsync(connection, $"set local search_path to \"{schema}\"");
            await ExecuteAsync(connection, Script);
            await transaction.CommitAsync(cancellation);
        },
        cancellation);

    private static string Script
    {
        get
        {
            using StreamReader reader = new(Assembly.GetExecutingAssembly().GetManifestResourceStream(Resource)!);
            return reader.ReadToEnd();
        }
    }

    // The script's first line names its version, which its last statement leaves in the database.
    private static async Task<bool> IsCurrentAsync(NpgsqlConnection connection, string schema)
    {
        await using NpgsqlCommand find = new("select to_regclass($1) is not null", connection) { Parameters = { new() { Value = $"\"{schema}\".OrleansQuery" } } };
        if (!(bool)(await find.ExecuteScalarAsync())!)
            return false;
        await using NpgsqlCommand read = new($"select QueryText from \"{schema}\".OrleansQuery where QueryKey = 'BrokerClusterTables'", connection);
        return await read.ExecuteScalarAsync() as string is { } version && Script.StartsWith($"-- version {version}\n", StringComparison.Ordinal);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statements)
    {
        await using NpgsqlCommand command = new(statements, connection);
        await command.ExecuteNonQueryAsync();
    }
}
