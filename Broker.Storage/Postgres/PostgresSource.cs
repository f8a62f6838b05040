using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>Where connections come from: one host, or whichever of several is the right one now.</summary>
internal sealed class PostgresSource : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlMultiHostDataSource? _hosts;

    /// <param name="connectionString">How to reach it.</param>
    /// <param name="target">Which of several hosts is the right one; null for a single host.</param>
    public PostgresSource(string connectionString, TargetSessionAttributes? target)
    {
        NpgsqlDataSourceBuilder builder = new(connectionString);
        _hosts = target is null ? null : builder.BuildMultiHost();
        _source = _hosts?.WithTargetSession(target!.Value) ?? builder.Build();
    }

    /// <summary>A connection that is open.</summary>
    /// <param name="cancellation">Ends the wait for it.</param>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation) => _source.OpenConnectionAsync(cancellation);

    /// <summary>Lets a connection go when what it was used for has ended, whose outcome nobody waits for any more.</summary>
    /// <param name="connection">The connection, which may be opening still, or fail to.</param>
    /// <param name="running">What it is used for; null for its opening alone.</param>
    public static async Task LeaveAsync(Task<NpgsqlConnection> connection, Task? running = null)
    {
        await Task.WhenAny(running ?? connection);
        if (connection.IsCompletedSuccessfully)
            await connection.Result.DisposeAsync();
    }

    /// <summary>Forgets idle connections and which host was which: what went for one of them is likely true of all.</summary>
    public void Forget()
    {
        if (_hosts is null)
        {
            _source.Clear();
            return;
        }
        _hosts.Clear();
        _hosts.ClearDatabaseStates();
    }

    public ValueTask DisposeAsync() => (_hosts ?? _source).DisposeAsync();
}
