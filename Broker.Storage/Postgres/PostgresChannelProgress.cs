using Broker.Messages;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>One opening of a channel's progress in PostgreSQL. In memory are only the changes of the last moment.</summary>
internal sealed class PostgresChannelProgress : IChannelProgress
{
    /// <summary>Bytes of entries that are written without waiting for the delay.</summary>
    private const int WriteAtOnce = 128 << 10;

    private const long CompactFrom = 64 << 10;
    private const int CompactFactor = 4;

    private readonly Lock _lock = new();
    private readonly PostgresDatabase _database;
    private readonly PostgresTopic _topic;
    private readonly ProgressWriter _writer;
    private readonly List<JournalRow> _queue = [];
    private readonly List<OffsetRange> _forgotten = [];
    private readonly HashSet<long> _kept;
    private readonly List<OffsetRange> _deadRemoved = [];
    private ProgressState? _loaded;
    private JournalEntries? _entries;
    private List<TaskCompletionSource> _waiters = [];
    private FencedException? _fenced;
    private long _sequence;
    private long _floor;
    private long _durableFloor;
    private long _journalBytes;
    private long _snapshotBytes;
    private bool _isCompacting;
    private bool _isClosed;

    public PostgresChannelProgress(
        PostgresDatabase database, PostgresTopic topic, ProgressWriter writer, string name, long incarnation, ChannelOpening opening)
    {
        _database = database;
        _topic = topic;
        _writer = writer;
        Name = name;
        Incarnation = incarnation;
        Epoch = opening.Epoch;
        _sequence = opening.Sequence;
        _loaded = opening.State;
        _floor = opening.State?.Floor ?? 0;
        _durableFloor = _floor;
        _kept = [.. opening.State?.Kept.Select(message => message.Offset) ?? []];
        if (opening.State?.Dead is { Floor: > 0 } dead)
            _deadRemoved.Add(new OffsetRange(0, dead.Floor));
        _deadRemoved.AddRange(opening.State?.Dead.Removed ?? []);
        _journalBytes = opening.JournalBytes;
        _snapshotBytes = opening.SnapshotBytes;
    }

    public long Epoch { get; }

    public string Topic => _topic.Name;

    public int Generation => _topic.Generation;

    public string Name { get; }

    public long Incarnation { get; }

    public long DurableFloor
    {
        get
        {
            lock (_lock)
                return _durableFloor;
        }
    }

    public ValueTask<ChannelState?> LoadAsync()
    {
        ChannelState? state = _loaded?.Snapshot();
        _loaded = null;
        return new(state);
    }

    public void Note(in ProgressEntry entry)
    {
        bool atOnce;
        lock (_lock)
        {
            if (_isClosed || _fenced is not null)
                return;
            switch (entry.Kind)
            {
                case ProgressKind.Floor:
                    _floor = Math.Max(_floor, entry.Offset);
                    break;
                case ProgressKind.Emptied:
                    _floor = Math.Max(_floor, entry.Offset);
                    Forget(0, entry.Offset);
                    break;
                case ProgressKind.Finished:
                    if (entry.Value <= entry.Offset)
                        return;
                    Forget(entry.Offset, entry.Value);
                    break;
                case ProgressKind.DeadRemoved:
                    _deadRemoved.Add(new OffsetRange(entry.Offset, entry.Value));
                    break;
            }
            _entries ??= new JournalEntries();
            _entries.Add(entry);
            atOnce = _entries.Length > WriteAtOnce;
        }
        _writer.Post(this, atOnce);
    }

    public bool IsFenced
    {
        get
        {
            lock (_lock)
                return _fenced is not null;
        }
    }

    public async ValueTask VerifyAsync()
    {
        long? epoch = await _database.RunAsync($"cannot ask who has channel {Name} of topic {Topic} open", async connection =>
        {
            return await connection.AskAsync(_database.Sql.EpochOfChannel, Generation, Name, Incarnation) as long?;
        });
        if (epoch == Epoch)
            return;
        lock (_lock)
            throw _fenced ??= new FencedException($"channel {Name} of topic {Topic} was opened by another or deleted");
    }

    public ValueTask FlushAsync() => new(WriteAsync(null));

    public ValueTask BuryAsync(IReadOnlyList<DeadLetter> letters) => new(WrittenAsync(() =>
    {
        JournalEntries entries = new();
        foreach (DeadLetter letter in letters)
        {
            entries.Add(new ProgressEntry(ProgressKind.Died, letter.Offset, letter.Number, Size: letter.Size));
            Forget(letter.Offset, letter.Offset + 1);
        }
        _queue.Add(new JournalRow(++_sequence, JournalRow.Copy(entries.Take()), [], letters));
    }));

    public async ValueTask<DeadRead> ReadDeadAsync(long from, long to, int maxBytes) => await _database.RunAsync(
        $"cannot read dead letters of channel {Name} of topic {Topic}", connection => ReadDeadAsync(connection, from, to, maxBytes));

    public ValueTask ReviveAsync(IReadOnlyList<DeadLetter> letters) => new(WrittenAsync(() =>
    {
        foreach (DeadLetter letter in letters)
        {
            AddKept(JournalEntries.OfRevived(letter.Offset, letter.Number, letter.Size, []), letter.Message);
            _deadRemoved.Add(new OffsetRange(letter.Number, letter.Number + 1));
        }
    }));

    public async ValueTask FreeDeadAsync()
    {
        List<OffsetRange> removed;
        lock (_lock)
        {
            if (_deadRemoved.Count == 0)
                return;
            removed = [.. _deadRemoved];
        }
        await FlushAsync();
        foreach (OffsetRange range in removed)
        {
            await _database.RunAsync($"cannot remove dead letters of channel {Name} of topic {Topic}", async connection =>
            {
                int gone;
                do
                    gone = await connection.ExecuteAsync(_database.Sql.FreeDead, Generation, Name, Incarnation, Epoch, range.Start, range.End);
                while (gone == Statements.Chunk);
            });
        }
        lock (_lock)
            _deadRemoved.RemoveRange(0, removed.Count);
    }

    public ValueTask KeepAsync(MessageBatch message, ushort attempts, long due)
    {
        if (message.Count != 1)
            throw new ArgumentException("one message at a time is kept", nameof(message));
        JournalPayload entries = JournalEntries.OfKept(message.BaseOffset, attempts, due, []);
        return new ValueTask(WriteAsync(() => AddKept(entries, message)));
    }

    public async ValueTask<MessageBatch?> ReadKeptAsync(long offset)
    {
        lock (_lock)
        {
            if (!_kept.Contains(offset))
                return null;
        }
        return await _database.RunAsync($"cannot read channel {Name} of topic {Topic}", connection => ReadKeptAsync(connection, offset));
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await FlushAsync();
        }
        catch (FencedException)
        {
            // Another opening has taken over what this one noted.
        }
        finally
        {
            lock (_lock)
                _isClosed = true;
        }
    }

    /// <summary>Gives what is to be written now. It stays here until <see cref="Complete"/>, so that a failure loses nothing.</summary>
    public ProgressGroup Take()
    {
        lock (_lock)
        {
            QueueEntries();
            ProgressGroup group = new(this, [.. _queue], [.. _forgotten], _waiters, _floor);
            _waiters = [];
            return group;
        }
    }

    /// <summary>A group is written.</summary>
    public void Complete(ProgressGroup group)
    {
        bool compact;
        lock (_lock)
        {
            _queue.RemoveRange(0, group.Rows.Count);
            _forgotten.RemoveRange(0, group.Forgotten.Count);
            _durableFloor = Math.Max(_durableFloor, group.Floor);
            _journalBytes += group.Rows.Sum(row => row.Size);
            compact = !_isCompacting && _journalBytes > Math.Max(CompactFrom, CompactFactor * _snapshotBytes);
            _isCompacting |= compact;
        }
        group.Waiters.ForEach(waiter => waiter.TrySetResult());
        if (compact)
            _ = CompactAsync();
    }

    /// <summary>A group could not be written, and is to be tried again later.</summary>
    public static void Fail(ProgressGroup group, StoreException failure) => group.Waiters.ForEach(waiter => waiter.TrySetException(failure));

    /// <summary>Another opening has taken over.</summary>
    public void Fence(ProgressGroup group)
    {
        FencedException fenced;
        List<TaskCompletionSource> waiters;
        lock (_lock)
        {
            fenced = _fenced ??= new FencedException($"channel {Name} of topic {Topic} was opened by another or deleted");
            _entries = null;
            _queue.Clear();
            _forgotten.Clear();
            waiters = _waiters;
            _waiters = [];
        }
        group.Waiters.ForEach(waiter => waiter.TrySetException(fenced));
        waiters.ForEach(waiter => waiter.TrySetException(fenced));
    }

    // Whatever fails is tried again until it is written or refused: what was queued cannot be taken back.
    private async Task WrittenAsync(Action add)
    {
        Task written = WriteAsync(add);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await written;
                return;
            }
            catch (StoreException e) when (e is not FencedException)
            {
                await _database.PauseAsync(attempt);
                written = WriteAsync(null);
            }
        }
    }

    private void AddKept(in JournalPayload entries, MessageBatch message)
    {
        _queue.Add(new JournalRow(++_sequence, entries.Bytes[..entries.Length], [new KeptMessage(message.BaseOffset, message.Records)], []));
        _kept.Add(message.BaseOffset);
    }

    private Task WriteAsync(Action? add)
    {
        TaskCompletionSource waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_fenced is { } fenced)
                return Task.FromException(new FencedException(fenced.Message));
            if (_isClosed)
                return Task.FromException(new FencedException($"channel {Name} of topic {Topic} was closed"));
            if (add is not null)
            {
                QueueEntries();
                add();
            }
            _waiters.Add(waiter);
        }
        _writer.Post(this, atOnce: true);
        return waiter.Task;
    }

    private void QueueEntries()
    {
        if (_entries is { IsEmpty: false } entries)
            _queue.Add(new JournalRow(++_sequence, JournalRow.Copy(entries.Take()), [], []));
        _entries = null;
    }

    private void Forget(long start, long end)
    {
        // All kept ones are few.
        if (_kept.Count > 0 && _kept.RemoveWhere(offset => offset >= start && offset < end) > 0)
            _forgotten.Add(new OffsetRange(start, end));
    }

    private async Task<MessageBatch?> ReadKeptAsync(NpgsqlConnection connection, long offset)
    {
        await using NpgsqlCommand command = connection.Command(_database.Sql.ReadKept, Generation, Name, offset);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        if (!await rows.ReadAsync())
            return null;
        byte[] record = rows.GetFieldValue<byte[]>(1);
        if (rows.GetInt32(0) != BatchChecksum.Of(Generation, offset, [], record))
            throw new StoreException($"message {offset} of channel {Name} of topic {Topic} is damaged in PostgreSQL");
        return new MessageBatch { BaseOffset = offset, Count = 1, Records = record };
    }

    private async Task<DeadRead> ReadDeadAsync(NpgsqlConnection connection, long from, long to, int maxBytes)
    {
        List<DeadLetter> letters = [];
        long end = from;
        await using NpgsqlCommand command = connection.Command(_database.Sql.ReadDead, Generation, Name, from, to, (long)maxBytes);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        bool isAny = false;
        while (await rows.ReadAsync())
        {
            isAny = true;
            long number = rows.GetInt64(0);
            byte[] letter = rows.GetFieldValue<byte[]>(2);
            end = number + 1;
            if (rows.GetInt32(1) == BatchChecksum.Of(Generation, number, [], letter))
                letters.Add(DeadLetterFormat.Read(letter));
            else
                _database.Log.DamagedProgress(Topic, Name);
        }
        return new DeadRead(letters, isAny ? end : to);
    }

    /// <summary>Puts a snapshot in the place of the journal, while the journal may go on.</summary>
    private async Task CompactAsync()
    {
        try
        {
            (long removed, long size) = await _database.RunAsync($"cannot compact channel {Name} of topic {Topic}", CompactAsync);
            lock (_lock)
            {
                _journalBytes -= removed;
                _snapshotBytes = size;
            }
        }
        catch (StoreException e)
        {
            // The journal goes on as it is; the next change tries again.
            _database.Log.CompactionFailed(Topic, Name, e.Message);
        }
        finally
        {
            lock (_lock)
                _isCompacting = false;
        }
    }

    private async Task<(long Removed, long Size)> CompactAsync(NpgsqlConnection connection)
    {
        StoredProgress stored = await StoredProgress.ReadAsync(_database, connection, Topic, Generation, Name);
        if (stored.State is null)
            return (0, 0);
        byte[] snapshot = ProgressSnapshot.Write(stored.State);
        await connection.ExecuteAsync(
            _database.Sql.Compact, Generation, Name, Incarnation, Epoch, stored.Sequence, ProgressSnapshot.Checksum(snapshot), snapshot);
        return (stored.JournalBytes, snapshot.Length);
    }
}
