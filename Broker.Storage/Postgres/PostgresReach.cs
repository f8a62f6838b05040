namespace Broker.Storage.Postgres;

/// <summary>Whether the database answers. Whoever waits for an answer stops waiting when the database is found out of reach.</summary>
/// <param name="time">The clock.</param>
internal sealed class PostgresReach(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly WriteHealth _health = new();
    private CancellationTokenSource _lost = new();
    private long _answered = time.GetTimestamp();

    /// <summary>Why the database is out of reach; null while it answers.</summary>
    public string? Failure => _health.Failure;

    /// <summary>Ends when the database is found out of reach. What begins after that has a token of its own.</summary>
    public CancellationToken Lost
    {
        get
        {
            lock (_lock)
                return _lost.Token;
        }
    }

    /// <summary>Time since the last answer.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _answered));

    /// <summary>The database has answered.</summary>
    public void Answered() => Volatile.Write(ref _answered, time.GetTimestamp());

    /// <summary>The database is out of reach.</summary>
    public void Lose(string problem)
    {
        CancellationTokenSource lost;
        lock (_lock)
        {
            lost = _lost;
            _lost = new CancellationTokenSource();
        }
        _health.Fail(new StoreException(problem));
        // On other threads: whoever waits goes on here otherwise.
        _ = lost.CancelAsync();
    }

    /// <summary>The database can be reached again.</summary>
    public void Heal() => _health.Heal();
}
