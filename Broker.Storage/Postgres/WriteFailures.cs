namespace Broker.Storage.Postgres;

/// <summary>
/// Writes that failed, and what an operator is told of them: each cause once, and a summary when they succeed again. Without that a database that is away
/// would fill the log, as every topic and channel tries again several times a second.
/// </summary>
/// <param name="log">What the operator reads.</param>
/// <param name="time">The clock.</param>
internal sealed class WriteFailures(PostgresLog log, TimeProvider time)
{
    private const int CausesAtMost = 16;

    /// <summary>How long nothing may have failed before it is over. What the database refuses for good is tried again sooner.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly WriteHealth _health = new();
    private readonly HashSet<string> _causes = [];
    private long _count;
    private long _first;
    private long _last;

    /// <summary>The last failure that no later success has healed; null when all is well.</summary>
    public string? Current => _health.Failure;

    /// <summary>A write has failed.</summary>
    public void Add(StoreException failure)
    {
        _health.Fail(failure);
        string cause = failure.InnerException is { } e ? PostgresFault.Cause(e) : failure.Message;
        bool isNew;
        lock (_lock)
        {
            _last = time.GetTimestamp();
            if (_count++ == 0)
                _first = _last;
            isNew = _causes.Count < CausesAtMost && _causes.Add(cause);
        }
        if (isNew)
            log.Failed(failure.Message);
    }

    /// <summary>A write has succeeded.</summary>
    public void Heal() => _health.Heal();

    /// <summary>Says that writes succeed again, when they do. To be called every now and then.</summary>
    public void TellIfOver()
    {
        long count;
        TimeSpan lasted;
        lock (_lock)
        {
            if (_count == 0 || Current is not null || time.GetElapsedTime(_last) < Quiet)
                return;
            (count, lasted) = (_count, time.GetElapsedTime(_first, _last));
            _count = 0;
            _causes.Clear();
        }
        log.Written(count, lasted.TotalSeconds);
    }
}
