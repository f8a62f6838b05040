namespace Broker.Storage.Postgres;

/// <summary>Keys of PostgreSQL's advisory locks.</summary>
internal static class AdvisoryKey
{
    /// <summary>The key as an expression. All locks of a database share one space of keys, so ours are hashes.</summary>
    public static string Sql(string purpose, string schema) => $"hashtextextended('broker {purpose} {schema}', 0)";
}
