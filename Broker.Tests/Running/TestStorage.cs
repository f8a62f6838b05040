using System.Globalization;
using Broker.Policies;
using Broker.Silo.Settings;
using Broker.Tests.Storage.Postgres;

namespace Broker.Tests.Running;

/// <summary>
/// Where the brokers of a test keep messages: in files, unless <c>BROKER_TEST_STORAGE</c> or the test's class says otherwise.
/// </summary>
public static class TestStorage
{
    private static readonly AsyncLocal<StorageKind?> Chosen = new();
    private static readonly StorageKind Default =
        Environment.GetEnvironmentVariable("BROKER_TEST_STORAGE") is { Length: > 0 } name ? Enum.Parse<StorageKind>(name, ignoreCase: true) : StorageKind.Files;

    private static int _lastSchema;

    /// <summary>What holds for the test that runs here.</summary>
    public static StorageKind Kind => Chosen.Value ?? Default;

    /// <summary>Lets the test whose class is being made use PostgreSQL.</summary>
    public static void UsePostgres() => Chosen.Value = StorageKind.Postgres;

    /// <summary>A schema that no other test has.</summary>
    public static string NewSchema() => string.Create(CultureInfo.InvariantCulture, $"t{Interlocked.Increment(ref _lastSchema)}");

    /// <summary>Names a schema of the test run's server, where one is wanted.</summary>
    public static async Task ConfigureAsync(PostgresOptions postgres)
    {
        if (Kind != StorageKind.Postgres) return;

        postgres.ConnectionString = (await PostgresServer.SharedAsync()).ConnectionString;
        postgres.Schema = NewSchema();
    }

    /// <summary>The same as flags of the executable.</summary>
    public static async Task<IReadOnlyList<string>> FlagsAsync() => Kind switch
    {
        StorageKind.Postgres => ["--storage=postgres", $"--postgres={(await PostgresServer.SharedAsync()).ConnectionString}", $"--postgres-schema={NewSchema()}"],
        StorageKind.Memory => ["--storage=memory"],
        _ => [],
    };
}
