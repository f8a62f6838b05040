using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>
/// Writes the progress of all channels: what was noted within a short delay becomes one transaction. It does not wait for the disk unless
/// somebody waits for it: the server writes in order, so whatever is lost with it, a trim that goes by it is lost too.
/// </summary>
internal sealed class ProgressWriter(PostgresDatabase database)
{
    private const int MaxChannels = 256;

    /// <summary>How long a note waits to be written together with others. Within the 50 ms that are promised.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly HashSet<PostgresChannelProgress> _posted = [];
    private TaskCompletionSource _hurry = new();
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private bool _isClosing;

    /// <summary>A channel has something to write.</summary>
    /// <param name="progress">The channel.</param>
    /// <param name="atOnce">Whether it must not wait for others.</param>
    public void Post(PostgresChannelProgress progress, bool atOnce)
    {
        lock (_lock)
        {
            _posted.Add(progress);
            if (atOnce)
                _hurry.TrySetResult();
            if (_isRunning)
                return;
            _isRunning = true;
            _running = Task.Run(RunAsync);
        }
    }

    /// <summary>Writes what waits, if it can be written now.</summary>
    public async Task CloseAsync()
    {
        Task running;
        lock (_lock)
        {
            _isClosing = true;
            _hurry.TrySetResult();
            running = _running;
        }
        await running;
    }

    private async Task RunAsync()
    {
        while (true)
        {
            await PauseAsync(Delay);
            List<PostgresChannelProgress> posted;
            lock (_lock)
            {
                if (_posted.Count == 0)
                {
                    _isRunning = false;
                    return;
                }
                posted = [.. _posted.Take(MaxChannels)];
                _posted.ExceptWith(posted);
                if (!_isClosing && _posted.Count == 0)
                    _hurry = new TaskCompletionSource();
            }
            if (await TryWriteAsync(posted))
                continue;
            lock (_lock)
            {
                if (_isClosing)
                {
                    _isRunning = false;
                    return;
                }
                _posted.UnionWith(posted);
            }
            await PauseAsync(RetryDelay);
        }
    }

    private Task PauseAsync(TimeSpan pause)
    {
        Task hurry;
        lock (_lock)
            hurry = _hurry.Task;
        return hurry.IsCompleted ? Task.CompletedTask : Task.WhenAny(hurry, Task.Delay(pause, TimeProvider.System));
    }

    private async Task<bool> TryWriteAsync(List<PostgresChannelProgress> posted)
    {
        // In one order everywhere, so that two processes never wait for each other's rows.
        posted.Sort((a, b) => a.Generation != b.Generation ? a.Generation.CompareTo(b.Generation) : string.CompareOrdinal(a.Name, b.Name));
        List<ProgressGroup> groups = [.. posted.Select(progress => progress.Take())];
        try
        {
            bool[] written = await database.RunAsync("cannot write the progress of channels", connection => WriteAsync(connection, groups));
            for (int i = 0; i < groups.Count; i++)
            {
                if (written[i])
                    groups[i].Progress.Complete(groups[i]);
                else
                    groups[i].Progress.Fence(groups[i]);
            }
            database.Writing.Heal();
            return true;
        }
        catch (StoreException e)
        {
            if (database.Writing.Failure != e.Message)
                database.Log.Failed(e.Message);
            database.Writing.Fail(e);
            database.Metrics?.Failed();
            groups.ForEach(group => PostgresChannelProgress.Fail(group, e));
            return false;
        }
    }

    private async Task<bool[]> WriteAsync(NpgsqlConnection connection, List<ProgressGroup> groups)
    {
        await using NpgsqlBatch batch = new(connection);
        bool isAwaited = groups.Exists(group => group.Waiters.Count > 0);
        if (!isAwaited)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("select set_config('synchronous_commit', 'off', true)"));
        foreach (ProgressGroup group in groups)
            batch.BatchCommands.Add(group.NoteCommand(database.Sql));
        // Only what the statements above have let pass can be removed by these: they go by the same epoch, in the same transaction.
        foreach (ProgressGroup group in groups.Where(group => group.Forgotten.Count > 0))
            batch.BatchCommands.Add(group.ForgetCommand(database.Sql));
        List<bool> written = [];
        await using NpgsqlDataReader results = await batch.ExecuteReaderAsync();
        if (!isAwaited)
            await results.NextResultAsync();
        do
        {
            while (await results.ReadAsync())
                written.Add(results.GetInt64(0) == 1);
        }
        while (await results.NextResultAsync());
        return [.. written];
    }
}
