using System.Buffers;
using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>
/// A channel's progress on disk, shared by all openings of the channel: who has it open, and what was noted and is not written yet. In memory
/// are only the changes of the last moment.
/// </summary>
/// <remarks>
/// The lock guards who may note and what waits; it is never held during I/O, and only the lock of the file is taken under it. Only the writer
/// thread writes. Opening and deleting are ordered by a gate.
/// </remarks>
internal sealed class ChannelJournal : WriterClient
{
    /// <summary>Bytes of entries that are written without waiting for the delay.</summary>
    private const int WriteAtOnce = 128 << 10;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _gate = new(1);
    private readonly StoreServices _services;
    private readonly FileTopic _topic;
    private readonly string _channel;
    private readonly string _title;
    private readonly JournalFile _file;
    private readonly JournalSync _sync;
    private readonly JournalCompaction _compaction;
    private readonly DeadLetterFolder _letters;
    private readonly Queue<JournalPayload> _queue = new();
    private JournalEntries? _entries;
    private List<JournalWaiter> _waiters = [];
    private List<JournalWaiter> _committing = [];
    private StoreException? _failure;
    private DeadNumbers _dead = new();
    private bool _mayFree;
    private long _epoch;
    private long _floor;
    private long _durableFloor;
    private volatile bool _isFenced;
    private volatile bool _isRetired;

    public ChannelJournal(FileTopic topic, string channel)
    {
        _services = topic.Services;
        _topic = topic;
        _channel = channel;
        _title = $"channel {channel} of topic {topic.Folder.Name}";
        _file = new JournalFile(_services, _title, DataPath.Journal(topic.Folder.Directory, channel), isDoubtful: !topic.WasClosedCleanly);
        _sync = new JournalSync(_services, topic.Folder, _file, _title);
        _compaction = new JournalCompaction(_services, topic.Folder, _file, _sync, _title);
        _letters = new DeadLetterFolder(_services, DataPath.DeadFolder(topic.Folder.Directory, channel));
    }

    public long DurableFloor
    {
        get
        {
            lock (_lock)
                return _durableFloor;
        }
    }

    /// <summary>Whether the channel was deleted, so that one of the same name has another journal.</summary>
    public bool IsRetired => _isRetired;

    /// <summary>Opens the channel under a new epoch and reads what was kept; null when it is retired.</summary>
    public async Task<FileChannelProgress?> OpenAsync(long incarnation)
    {
        await _gate.WaitAsync();
        try
        {
            if (_isRetired)
                return null;
            lock (_lock)
            {
                if (_topic.Folder.IsDeleted)
                    throw _topic.Folder.Gone();
                if (_file.Incarnation > incarnation)
                    throw new FencedException($"{_title} was made anew");
                // From here on an earlier opening is refused; what it noted before is still written.
                _epoch = 0;
            }
            await FlushPendingAsync();
            // It would put another file in the place of the one that is read.
            await _compaction.Ended;
            if (_file.Incarnation != 0 && _file.Incarnation != incarnation)
                await RemoveFileAsync();
            ProgressState? state = await ReadingAsync(() => _file.Load(incarnation));
            if (_file.NeedsSync)
                _services.Syncer.SyncLater(_sync);
            if (state?.Floor > _topic.Writer.Assigned)
                throw ReportFloor(state.Floor);
            lock (_lock)
            {
                if (_topic.Folder.IsDeleted)
                    throw _topic.Folder.Gone();
                _isFenced = false;
                _epoch = _services.Store.NextEpoch();
                _floor = state?.Floor ?? 0;
                _durableFloor = _floor;
                _dead = state?.Dead.Copy() ?? new DeadNumbers();
                _mayFree = _dead.End > 0;
                return new FileChannelProgress(this, _epoch, state);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes what is kept of an incarnation or of an older one, and retires.</summary>
    /// <returns>Whether it is retired; not when a newer incarnation is there.</returns>
    public async Task<bool> DeleteAsync(long incarnation)
    {
        await _gate.WaitAsync();
        try
        {
            if (_isRetired)
                return true;
            long known = _file.Incarnation != 0 ? _file.Incarnation : await ReadingAsync(_file.ReadIncarnation) ?? 0;
            if (known > incarnation)
                return false;
            Fence();
            await RemoveFileAsync();
            // It would get in the way of the next journal's.
            await _compaction.Ended;
            _isRetired = true;
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Whether something is written that is not on the device.</summary>
    public bool NeedsSync => _file.NeedsSync && !_topic.Folder.IsDeleted;

    /// <summary>Brings what is written to the device; what goes wrong is told to the operator.</summary>
    public void Sync() => _sync.Sync();

    /// <summary>Completes when no compaction is under way; none begins any more once the writer has ended.</summary>
    public Task CompactedAsync() => _compaction.Ended;

    public void DisposeFile() => _file.Dispose();

    public void Note(long epoch, in ProgressEntry entry)
    {
        bool atOnce;
        if (entry.Kind is ProgressKind.Floor or ProgressKind.Emptied && entry.Offset > _topic.Writer.Assigned)
        {
            CloseBroken(epoch, entry.Offset);
            return;
        }
        lock (_lock)
        {
            if (epoch != _epoch)
                return;
            switch (entry.Kind)
            {
                case ProgressKind.Floor:
                    _floor = Math.Max(_floor, entry.Offset);
                    break;
                case ProgressKind.Emptied:
                    _floor = Math.Max(_floor, entry.Offset);
                    _file.Forget(0, entry.Offset);
                    break;
                case ProgressKind.Finished:
                    if (entry.Value <= entry.Offset)
                        return;
                    _file.Forget(entry.Offset, entry.Value);
                    break;
                case ProgressKind.Died:
                    _file.Forget(entry.Offset, entry.Offset + 1);
                    _dead.Add(entry.Value, entry.Size);
                    break;
                case ProgressKind.DeadRemoved:
                    _dead.Remove(entry.Offset, entry.Value, entry.Size);
                    _mayFree = true;
                    break;
            }
            _entries ??= new JournalEntries();
            _entries.Add(entry);
            atOnce = _entries.Length > WriteAtOnce && _failure is null;
        }
        if (atOnce)
            _services.Writer.Post(this);
        else
            _services.Writer.PostDelayed(this);
    }

    public ValueTask Verify(long epoch)
    {
        lock (_lock)
            return epoch == _epoch ? ValueTask.CompletedTask : ValueTask.FromException(Fenced());
    }

    public ValueTask FlushAsync(long epoch)
    {
        JournalWaiter waiter;
        lock (_lock)
        {
            if (epoch != _epoch)
                return ValueTask.FromException(Fenced());
            bool isWritten = _entries is null && _queue.Count == 0 && _durableFloor == _floor;
            if (isWritten && !(_services.SyncsEachWrite && _file.IsUnsynced))
                return ValueTask.CompletedTask;
            waiter = new JournalWaiter(needsSync: _services.SyncsEachWrite);
            _waiters.Add(waiter);
        }
        _services.Writer.Post(this);
        return new ValueTask(waiter.Task);
    }

    public ValueTask KeepAsync(long epoch, MessageBatch message, ushort attempts, long due)
    {
        if (message.Count != 1)
            throw new ArgumentException("one message at a time is kept", nameof(message));
        JournalWaiter waiter;
        lock (_lock)
        {
            if (epoch != _epoch)
                return ValueTask.FromException(Fenced());
            QueueEntries();
            _queue.Enqueue(JournalEntries.OfKept(message.BaseOffset, attempts, due, message.Records));
            // The log may be trimmed as soon as this completes, so it does not go by the sync interval.
            waiter = new JournalWaiter(needsSync: true);
            _waiters.Add(waiter);
        }
        _services.Writer.Post(this);
        return new ValueTask(waiter.Task);
    }

    public async ValueTask<MessageBatch?> ReadKeptAsync(long offset) =>
        _file.IsKept(offset) ? await ReadingAsync(() => _file.ReadKept(offset)) : null;

    /// <summary>Takes dead letters (<see cref="IChannelProgress.BuryAsync"/>).</summary>
    public async Task BuryAsync(long epoch, IReadOnlyList<DeadLetter> letters)
    {
        await _gate.WaitAsync();
        try
        {
            await Verify(epoch);
            // The bodies first, and synced: what the journal says of letters is never ahead of them.
            await ChangeLettersAsync("write", () => _letters.Append(_file.Incarnation, letters));
            foreach (DeadLetter letter in letters)
                Note(epoch, new ProgressEntry(ProgressKind.Died, letter.Offset, letter.Number, Size: letter.Size));
        }
        finally
        {
            _gate.Release();
        }
        await SyncedAsync(epoch);
    }

    public Task<DeadRead> ReadDeadAsync(long from, long to, int maxBytes) => ReadingAsync(() => _letters.Read(_file.Incarnation, from, to, maxBytes));

    /// <summary>Makes messages of dead letters (<see cref="IChannelProgress.ReviveAsync"/>).</summary>
    public async Task ReviveAsync(long epoch, IReadOnlyList<DeadLetter> letters)
    {
        lock (_lock)
        {
            if (epoch != _epoch)
                throw Fenced();
            QueueEntries();
            foreach (DeadLetter letter in letters)
            {
                _queue.Enqueue(JournalEntries.OfRevived(letter.Offset, letter.Number, letter.Size, letter.Record));
                _dead.Remove(letter.Number, letter.Number + 1, letter.Size);
            }
            _mayFree = true;
        }
        await SyncedAsync(epoch);
    }

    /// <summary>Gives back the room of removed letters (<see cref="IChannelProgress.FreeDeadAsync"/>).</summary>
    public async Task FreeDeadAsync(long epoch)
    {
        lock (_lock)
        {
            if (!_mayFree)
                return;
            _mayFree = false;
        }
        // A letter that the journal has on the device must not be gone.
        await SyncedAsync(epoch);
        await _gate.WaitAsync();
        try
        {
            await Verify(epoch);
            DeadNumbers left;
            lock (_lock)
                left = _dead.Copy();
            await ChangeLettersAsync("remove", () => _letters.Free(_file.Incarnation, left));
        }
        catch (StoreException)
        {
            lock (_lock)
                _mayFree = true;
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public override void Write()
    {
        long floor;
        lock (_lock)
        {
            (_waiters, _committing) = (_committing, _waiters);
            QueueEntries();
            floor = _floor;
            _failure = null;
            if (_topic.Folder.IsDeleted)
                return;
        }
        try
        {
            while (true)
            {
                JournalPayload payload;
                lock (_lock)
                {
                    // It leaves the queue only when written, so that a failure loses nothing.
                    if (!_queue.TryPeek(out payload))
                    {
                        _durableFloor = Math.Max(_durableFloor, floor);
                        return;
                    }
                }
                _file.Append(payload);
                lock (_lock)
                    _queue.TryDequeue(out _);
                _services.Health.Heal();
                if (payload.KeptOffset is null)
                    ArrayPool<byte>.Shared.Return(payload.Bytes);
            }
        }
        catch (Exception e)
        {
            Abort(e);
        }
    }

    /// <inheritdoc/>
    public override void Abort(Exception e)
    {
        StoreException failure = _services.Fail($"cannot write the progress of {_title}", e);
        lock (_lock)
            _failure = failure;
    }

    /// <inheritdoc/>
    public override void Commit()
    {
        StoreException? failure;
        lock (_lock)
            failure = _failure;
        if (failure is null)
        {
            // Who waits for this knows of a compaction that it begins.
            _compaction.StartIfGrown();
            bool isAwaited = _sync.TakeWaiters(_committing);
            _committing.ForEach(waiter => waiter.Complete());
            if (isAwaited)
                _services.Syncer.SyncSoon(_sync);
            else if (_file.NeedsSync)
                _services.Syncer.SyncLater(_sync);
        }
        else
        {
            _committing.ForEach(waiter => waiter.Fail(failure));
            _services.Writer.PostDelayed(this);
        }
        _committing.Clear();
    }

    /// <summary>Refuses whoever has it open, and drops what is not written yet.</summary>
    public void Fence()
    {
        List<JournalWaiter> waiters;
        lock (_lock)
        {
            _epoch = 0;
            _isFenced = true;
            _entries = null;
            _queue.Clear();
            waiters = _waiters;
            _waiters = [];
        }
        waiters.ForEach(waiter => waiter.Fail(Fenced()));
    }

    private StoreException ReportFloor(long floor) => FloorBeyondEnd.Report(
        _services.Log.Logger, _services.Metrics, _topic.Folder.Name, _channel, floor, _topic.Writer.Assigned);

    /// <summary>Something was noted that cannot be: this opening writes nothing more.</summary>
    private void CloseBroken(long epoch, long floor)
    {
        lock (_lock)
        {
            if (epoch != _epoch)
                return;
        }
        ReportFloor(floor);
        Fence();
    }

    private FencedException Fenced() =>
        new(_topic.Folder.IsDeleted || _isFenced ? $"{_title} was deleted" : $"{_title} was opened by another");

    private void QueueEntries()
    {
        if (_entries is null)
            return;
        if (!_entries.IsEmpty)
            _queue.Enqueue(_entries.Take());
        _entries = null;
    }

    private async Task ChangeLettersAsync(string what, Action change)
    {
        try
        {
            await _services.Threads.RunAsync(() =>
            {
                change();
                return true;
            });
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            throw _topic.Folder.IsLeaving ? _topic.Folder.Gone() : _services.Fail($"cannot {what} dead letters of {_title}", e);
        }
    }

    /// <summary>Completes when all that was noted is on the device, however often that must be tried.</summary>
    private async Task SyncedAsync(long epoch)
    {
        for (bool isTriedAgain = false; ; isTriedAgain = true)
        {
            JournalWaiter waiter = new(needsSync: true);
            lock (_lock)
            {
                if (epoch != _epoch)
                    throw Fenced();
                _waiters.Add(waiter);
            }
            if (isTriedAgain)
                _services.Writer.PostDelayed(this);
            else
                _services.Writer.Post(this);
            try
            {
                await waiter.Task;
                return;
            }
            catch (StoreException e) when (e is not FencedException)
            {
                // It was said, and what was noted waits to be written.
            }
        }
    }

    private async Task FlushPendingAsync()
    {
        JournalWaiter waiter = new(needsSync: false);
        lock (_lock)
        {
            if (_entries is null && _queue.Count == 0)
                return;
            _waiters.Add(waiter);
        }
        _services.Writer.Post(this);
        await waiter.Task;
    }

    private Task RemoveFileAsync() => _services.RunOnWriterAsync($"cannot delete {_file.Path}", () =>
    {
        lock (_lock)
            _queue.Clear();
        _letters.Remove();
        if (_file.Remove())
            _services.Syncer.SyncLater(_sync);
    });

    private Task<T> ReadingAsync<T>(Func<T> read) =>
        _services.Threads.RunAsync(() => Fault.Telling($"cannot read the progress of {_title}", read));
}
