using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>Removes what deleted topics have left, in parts, beside everything else.</summary>
internal sealed class DeletedTopics(PostgresDatabase database)
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile bool _isStopped;

    /// <summary>Completes when nothing is under way.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Removes in the background what deleted topics have left.</summary>
    public void Sweep() => Run(SweepAsync);

    /// <summary>Does something in the background, one after the other.</summary>
    public void Run(Func<Task> action)
    {
        lock (_lock)
            Ended = Ended.IsCompleted ? RunAsync(action) : Task.WhenAll(Ended, RunAsync(action));
    }

    /// <summary>Does no more than what is under way.</summary>
    public void Stop() => _isStopped = true;

    /// <summary>Which of these topics have not been deleted.</summary>
    public Task<HashSet<int>> FindKnownAsync(int[] generations) => database.RunAsync("cannot look for deleted topics", async connection =>
    {
        HashSet<int> found = [];
        await using NpgsqlCommand command = connection.Command(database.Sql.FindTopics, generations);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            found.Add(rows.GetInt32(0));
        return found;
    });

    private async Task SweepAsync()
    {
        foreach (int generation in await database.RunAsync("cannot list deleted topics", ListDeletedAsync))
            await SweepAsync(generation);
    }

    private async Task RunAsync(Func<Task> action)
    {
        await _gate.WaitAsync();
        try
        {
            await action();
        }
        catch (StoreException e)
        {
            database.Log.SweepFailed(0, e.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task SweepAsync(int generation)
    {
        try
        {
            foreach (string statement in database.Sql.Sweep)
            {
                // Each part by itself, so that nobody waits long for it, and a store that closes does not either.
                while (!_isStopped && await ExecuteAsync(statement, generation) == Statements.Chunk)
                {
                }
            }
            if (!_isStopped)
                await ExecuteAsync(database.Sql.ForgetDeleted, generation);
        }
        catch (StoreException e)
        {
            database.Log.SweepFailed(generation, e.Message);
        }
    }

    private Task<int> ExecuteAsync(string statement, int generation) =>
        database.RunAsync($"cannot remove the deleted topic of generation {generation}", async connection =>
        {
            return await connection.ExecuteAsync(statement, generation);
        });

    private async Task<List<int>> ListDeletedAsync(NpgsqlConnection connection)
    {
        List<int> generations = [];
        await using NpgsqlCommand command = new(database.Sql.ListDeleted, connection);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            generations.Add(rows.GetInt32(0));
        return generations;
    }
}
