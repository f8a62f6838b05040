using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>
/// Writes the progress of all channels: what was noted within a short delay becomes one transaction. It does not wait for the disk unless
/// somebody waits for it: the server writes in order, so whatever is lost with it, a trim that goes by it is lost too.
/// </summary>
/// <remarks>Whatever is thrown fails those who wait and is tried again later; it never ends the writer.</remarks>
internal sealed class ProgressWriter(PostgresDatabase database)
{
    private const int MaxChannels = 256;

    /// <summary>How long a note waits to be written together with others. Within the 50 ms that are promised.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(25);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly HashSet<PostgresChannelProgress> _posted = [];

    /// <summary>Those that the database refused: each is written by itself, so that it does not fail the others with it.</summary>
    private readonly HashSet<PostgresChannelProgress> _refused = [];
    private TaskCompletionSource _hurry = new();
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private volatile bool _isClosing;

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
            List<PostgresChannelProgress> failed = await WriteAsync(posted);
            if (failed.Count > 0 && !_isClosing)
                _ = PostAgainAsync(failed);
        }
    }

    private Task PauseAsync(TimeSpan pause)
    {
        Task hurry;
        lock (_lock)
            hurry = _hurry.Task;
        return hurry.IsCompleted ? Task.CompletedTask : Task.WhenAny(hurry, Task.Delay(pause, database.Time));
    }

    private async Task PostAgainAsync(List<PostgresChannelProgress> failed)
    {
        await Task.Delay(RetryDelay, database.Time);
        if (!_isClosing)
            failed.ForEach(progress => Post(progress, atOnce: false));
    }

    /// <summary>Writes the progress of channels; returns those that are to be tried again.</summary>
    private async Task<List<PostgresChannelProgress>> WriteAsync(List<PostgresChannelProgress> posted)
    {
        // In one order everywhere, so that two processes never wait for each other's rows.
        posted.Sort((a, b) => a.Generation != b.Generation ? a.Generation.CompareTo(b.Generation) : string.CompareOrdinal(a.Name, b.Name));
        List<ProgressGroup> together = [];
        List<ProgressGroup> apart = [];
        foreach (PostgresChannelProgress progress in posted)
            (_refused.Contains(progress) ? apart : together).Add(progress.Take());
        List<PostgresChannelProgress> failed = [];
        if (together.Count > 0 && await TryWriteAsync(together) is { } failure)
        {
            // What one channel wants is no reason to fail the others.
            if (together.Count > 1 && failure.InnerException is PostgresException refusal && !PostgresFault.IsPassing(refusal))
                apart.AddRange(together);
            else
                failed.AddRange(Fail(together, failure));
        }
        foreach (ProgressGroup group in apart)
        {
            if (await TryWriteAsync([group]) is { } refused)
            {
                _refused.Add(group.Progress);
                failed.AddRange(Fail([group], refused));
            }
            else
            {
                _refused.Remove(group.Progress);
            }
        }
        return failed;
    }

    private List<PostgresChannelProgress> Fail(List<ProgressGroup> groups, StoreException failure)
    {
        database.Failures.Add(failure);
        database.Metrics?.Failed();
        groups.ForEach(group => PostgresChannelProgress.Fail(group, failure));
        return groups.ConvertAll(group => group.Progress);
    }

    /// <summary>Writes the progress of channels in one transaction; returns why not.</summary>
    private async Task<StoreException?> TryWriteAsync(List<ProgressGroup> groups)
    {
        string what = groups.Count == 1
            ? $"cannot write the progress of channel {groups[0].Progress.Name} of topic {groups[0].Progress.Topic}"
            : "cannot write the progress of channels";
        try
        {
            bool[] written = await database.RunAsync(what, connection => WriteAsync(connection, groups));
            for (int i = 0; i < groups.Count; i++)
            {
                if (written[i])
                    groups[i].Progress.Complete(groups[i]);
                else
                    groups[i].Progress.Fence(groups[i]);
            }
            if (_refused.Count == 0)
                database.Failures.Heal();
            return null;
        }
        catch (Exception e)
        {
            return PostgresFault.Of(what, e);
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
        // Only what the statements above have let pass can be written or removed by these: they go by the same epoch, in the same transaction.
        foreach (ProgressGroup group in groups.Where(group => group.HasDead))
            batch.BatchCommands.Add(group.BuryCommand(database.Sql));
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
