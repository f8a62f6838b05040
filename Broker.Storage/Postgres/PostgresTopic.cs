using Broker.Messages;

namespace Broker.Storage.Postgres;

/// <summary>What this process knows of one generation of a topic, shared by its log and its readers.</summary>
internal sealed class PostgresTopic(string name, int generation)
{
    private readonly Lock _lock = new();
    private long _start;
    private long _end;
    private TopicRecord _record = new();
    private string? _json;
    private long _saves;
    private long _epoch;
    private volatile bool _isDeleted;

    public string Name => name;

    public int Generation => generation;

    public bool IsDeleted
    {
        get => _isDeleted;
        set => _isDeleted = value;
    }

    public long Start
    {
        get
        {
            lock (_lock)
                return Math.Min(_start, _end);
        }
    }

    public long End
    {
        get
        {
            lock (_lock)
                return _end;
        }
    }

    /// <summary>The highest epoch that the topic was opened under here.</summary>
    public long Epoch
    {
        get
        {
            lock (_lock)
                return _epoch;
        }
    }

    public TopicRecord Record
    {
        get
        {
            lock (_lock)
                return _record;
        }
    }

    /// <summary>How often the record was saved here.</summary>
    public long Saves
    {
        get
        {
            lock (_lock)
                return _saves;
        }
    }

    /// <summary>Takes over a row of the topics' table.</summary>
    /// <param name="saves"><see cref="Saves"/> before the row was read: what was saved since is newer.</param>
    /// <param name="start">First offset that is kept.</param>
    /// <param name="end">End of what is committed.</param>
    /// <param name="version">Format of the record.</param>
    /// <param name="json">The record.</param>
    public void Observe(long saves, long start, long end, int version, string json)
    {
        lock (_lock)
        {
            _start = Math.Max(_start, start);
            _end = Math.Max(_end, end);
            if (json == _json || saves != _saves)
                return;
            _record = PostgresRecord.Read(name, version, json);
            _json = json;
        }
    }

    /// <summary>Under this epoch the topic was opened here.</summary>
    public void RaiseEpoch(long epoch)
    {
        lock (_lock)
            _epoch = Math.Max(_epoch, epoch);
    }

    /// <summary>Offsets up to here are committed.</summary>
    public void Commit(long end)
    {
        lock (_lock)
            _end = Math.Max(_end, end);
    }

    /// <summary>Nothing is kept below here.</summary>
    public void Trim(long start)
    {
        lock (_lock)
            _start = Math.Max(_start, start);
    }

    /// <summary>The record was saved.</summary>
    public void Save(TopicRecord record)
    {
        lock (_lock)
        {
            _record = record;
            _json = null;
            _saves++;
        }
    }
}
