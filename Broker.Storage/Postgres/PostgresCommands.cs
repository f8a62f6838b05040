using Npgsql;
using NpgsqlTypes;

namespace Broker.Storage.Postgres;

/// <summary>Commands of a statement and the values of <c>$1</c>, <c>$2</c> and so on.</summary>
internal static class PostgresCommands
{
    public static NpgsqlCommand Command(this NpgsqlConnection connection, string statement, params ReadOnlySpan<object> values)
    {
        NpgsqlCommand command = new(statement, connection);
        Add(command.Parameters, values);
        return command;
    }

    /// <summary>Runs a command; returns the number of rows that it changed.</summary>
    public static Task<int> ExecuteAsync(this NpgsqlConnection connection, string statement, params ReadOnlySpan<object> values) =>
        ExecuteAsync(connection.Command(statement, values));

    /// <summary>Runs a command; returns the first column of its first row, null when there is none.</summary>
    public static Task<object?> AskAsync(this NpgsqlConnection connection, string statement, params ReadOnlySpan<object> values) =>
        AskAsync(connection.Command(statement, values));

    public static NpgsqlBatchCommand InBatch(string statement, params ReadOnlySpan<object> values)
    {
        NpgsqlBatchCommand command = new(statement);
        Add(command.Parameters, values);
        return command;
    }

    /// <summary>A value of the type <c>jsonb</c>.</summary>
    public static NpgsqlParameter Json(string json) => new() { Value = json, NpgsqlDbType = NpgsqlDbType.Jsonb };

    private static async Task<int> ExecuteAsync(NpgsqlCommand command)
    {
        await using (command)
            return await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> AskAsync(NpgsqlCommand command)
    {
        await using (command)
            return await command.ExecuteScalarAsync();
    }

    private static void Add(NpgsqlParameterCollection parameters, ReadOnlySpan<object> values)
    {
        foreach (object value in values)
            parameters.Add(value as NpgsqlParameter ?? new NpgsqlParameter { Value = value });
    }
}
