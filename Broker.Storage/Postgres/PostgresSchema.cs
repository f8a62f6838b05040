using System.Data;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>The tables of the store, and which version of them is there.</summary>
/// <remarks>
/// The versions of a schema are steps that are never changed once released: a new version is a further step. Whoever comes first takes
/// the steps that are missing, in one transaction and under a lock that the others wait for.
/// </remarks>
/// <param name="schema">Name of the schema.</param>
internal sealed class PostgresSchema(string schema)
{
    private readonly string _s = $"\"{schema}\"";

    /// <summary>The newest version that is known.</summary>
    public static int Version => 4;

    /// <summary>Makes the schema, or brings it up to this version.</summary>
    /// <returns>The version that was there before; 0 for none.</returns>
    /// <exception cref="StoreException">A newer version made it.</exception>
    public async Task<int> PrepareAsync(NpgsqlConnection connection)
    {
        // Whoever only uses the tables may not be allowed to make any.
        if (await ReadVersionAsync(connection) == Version)
            return Version;
        // Taken before the transaction begins: within one, PostgreSQL goes on believing that a table is missing which it once did not find.
        string key = AdvisoryKey.Sql("schema", schema);
        await ExecuteAsync(connection, $"select pg_advisory_lock({key})");
        try
        {
            return await StepAsync(connection);
        }
        finally
        {
            // A connection that is broken holds no lock.
            if (connection.FullState == ConnectionState.Open)
                await ExecuteAsync(connection, $"select pg_advisory_unlock({key})");
        }
    }

    private async Task<int> StepAsync(NpgsqlConnection connection)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        int version = await ReadVersionAsync(connection);
        if (version > Version)
        {
            throw new StoreException(
                $"schema {schema} in PostgreSQL has version {version}, which is newer than {Version}, the newest that this version reads; start the newer broker");
        }
        int before = version;
        if (version == 0 && !await ExistsAsync(connection))
            await ExecuteAsync(connection, $"create schema {_s}");
        for (; version < Version; version++)
        {
            foreach (string statement in Steps[version])
                await ExecuteAsync(connection, statement);
        }
        await ExecuteAsync(connection, $"insert into {_s}.store (version) values ({Version}) on conflict (\"only\") do update set version = excluded.version");
        await transaction.CommitAsync();
        return before;
    }

    private IReadOnlyList<IReadOnlyList<string>> Steps => [First, LowestOpenSequences, ReservedOffsets, DeadLetters];

    // Rows that are updated again and again leave room beside them, so that a new version of a row stays in its page and no index is
    // touched. Bodies are stored as they are: what clients send is mostly short or compressed already.
    private IReadOnlyList<string> First =>
    [
        $"""
        create table {_s}.store (
          "only" boolean primary key default true check ("only"),
          version integer not null,
          node_number integer,
          made timestamptz not null default now())
        """,
        $"create sequence {_s}.generations as integer",
        $"""
        create table {_s}.topics (
          generation integer primary key default nextval('{_s}.generations'),
          name text collate "C" not null unique,
          epoch bigint not null default 0,
          start_offset bigint not null default 0,
          end_offset bigint not null default 0,
          record_version integer not null,
          record jsonb not null) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
        """,
        $"""
        create table {_s}.publishers (
          generation integer,
          publisher bigint,
          highest bigint not null,
          seen bigint not null,
          at timestamptz not null,
          primary key (generation, publisher)) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
        """,
        $"""
        create table {_s}.batches (
          generation integer,
          base_offset bigint,
          epoch bigint not null,
          messages_before bigint not null,
          deferred_before bigint not null,
          bytes_before bigint not null,
          count integer not null,
          crc integer not null,
          due_times bytea,
          records bytea not null,
          primary key (generation, base_offset)) with (autovacuum_vacuum_scale_factor = 0.05)
        """,
        $"alter table {_s}.batches alter column records set storage external",
        $"create index batches_deferred on {_s}.batches (generation, base_offset) where due_times is not null",
        $"""
        create table {_s}.channels (
          generation integer,
          name text collate "C",
          incarnation bigint not null,
          epoch bigint not null,
          floor bigint not null default 0,
          sequence bigint not null default 0,
          snapshot_sequence bigint not null default 0,
          snapshot_crc integer,
          snapshot bytea,
          primary key (generation, name)) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500)
        """,
        $"""
        create table {_s}.channel_journal (
          generation integer,
          channel text collate "C",
          sequence bigint,
          crc integer not null,
          entries bytea not null,
          primary key (generation, channel, sequence))
        """,
        $"""
        create table {_s}.channel_kept (
          generation integer,
          channel text collate "C",
          "offset" bigint,
          crc integer not null,
          record bytea not null,
          primary key (generation, channel, "offset"))
        """,
        $"create table {_s}.deleted_topics (generation integer primary key)",
    ];

    private IReadOnlyList<string> LowestOpenSequences => [$"alter table {_s}.publishers add column lowest bigint not null default 0"];

    // Whatever was given out before offsets were reserved lies below the end, but for what a server may lose in a failover to come.
    private IReadOnlyList<string> ReservedOffsets =>
    [
        $"alter table {_s}.store add column cluster text",
        $"alter table {_s}.topics add column reserved_offset bigint not null default 0",
        $"update {_s}.topics set reserved_offset = end_offset + {Statements.Reserve}",
    ];

    private IReadOnlyList<string> DeadLetters =>
    [
        $"""
        create table {_s}.channel_dead (
          generation integer,
          channel text collate "C",
          number bigint,
          crc integer not null,
          letter bytea not null,
          primary key (generation, channel, number))
        """,
        $"alter table {_s}.channel_dead alter column letter set storage external",
    ];

    /// <summary>0 when there are no tables yet.</summary>
    private async Task<int> ReadVersionAsync(NpgsqlConnection connection)
    {
        if (!(bool)(await connection.AskAsync("select to_regclass($1) is not null", $"{_s}.store"))!)
            return 0;
        return await connection.AskAsync($"select max(version) from {_s}.store") as int? ?? 0;
    }

    private async Task<bool> ExistsAsync(NpgsqlConnection connection)
    {
        return (bool)(await connection.AskAsync("select to_regnamespace($1) is not null", _s))!;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string statement)
    {
        await connection.ExecuteAsync(statement);
    }
}
