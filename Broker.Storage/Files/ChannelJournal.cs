using System.Buffers;
using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>
/// A channel's progress on disk: a journal of changes, replaced by a snapshot of what they amount to when it has grown to several times
/// that. Shared by all openings of the channel. In memory are only the changes of the last moment and where kept messages stand.
/// </summary>
/// <remarks>The lock is never held during I/O; only the writer thread writes.</remarks>
internal sealed class ChannelJournal : WriterClient
{
    /// <summary>Bytes of entries that are written without waiting for the delay.</summary>
    private const int WriteAtOnce = 128 << 10;

    private const long CompactFrom = 64 << 10;
    private const int CompactFactor = 4;
    private const int SnapshotBlock = 64 << 10;

    private readonly Lock _lock = new();

    /// <summary>Held by a sync, and while a compacted journal takes the place of the one before: what was promised for one holds for the other.</summary>
    private readonly Lock _fileLock = new();
    private readonly StoreServices _services;
    private readonly JournalSync _sync;
    private readonly FileTopic _topic;
    private readonly string _channel;
    private readonly string _path;
    private readonly Queue<JournalPayload> _queue = new();
    private JournalEntries? _entries;
    private OffsetMap<long>? _kept;
    private List<Waiter> _waiters = [];
    private List<Waiter> _committing = [];
    private IStorageFile? _file;
    private StoreException? _failure;
    private long _epoch;
    private long _incarnation;
    private long _floor;
    private long _durableFloor;
    private long _length;
    private long _snapshotLength;
    private long _syncedLength;
    private bool _isDirty;
    private bool _isDirectoryDirty;
    private bool _isSyncing;
    private bool _mustRewrite;
    private bool _isCompacting;
    private Task _compaction = Task.CompletedTask;
    private volatile bool _isRetired;

    public ChannelJournal(FileTopic topic, string channel, string path)
    {
        _services = topic.Services;
        _topic = topic;
        _channel = channel;
        _path = path;
        _sync = new JournalSync(this);
    }

    /// <summary>Held while the channel is opened or deleted.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

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
        await Gate.WaitAsync();
        try
        {
            if (_isRetired)
                return null;
            lock (_lock)
            {
                if (_topic.Folder.IsDeleted)
                    throw _topic.Folder.Gone();
                if (_incarnation > incarnation)
                    throw new FencedException($"channel {_channel} of topic {_topic.Folder.Name} was made anew");
                // From here on an earlier opening is refused; what it noted before is still written.
                _epoch = 0;
            }
            await FlushPendingAsync();
            if (_incarnation != 0 && _incarnation != incarnation)
                await RemoveFileAsync();
            ProgressState? state = await _services.Threads.RunAsync(() => Load(incarnation));
            if (state?.Floor > _topic.Writer.Assigned)
                throw FloorBeyondEnd(state.Floor);
            lock (_lock)
            {
                if (_topic.Folder.IsDeleted)
                    throw _topic.Folder.Gone();
                _incarnation = incarnation;
                _epoch = _services.Store.NextEpoch();
                _floor = state?.Floor ?? 0;
                _durableFloor = _floor;
                return new FileChannelProgress(this, _epoch, state);
            }
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>Removes what is kept of an incarnation or of an older one, and retires.</summary>
    /// <returns>Whether it is retired; not when a newer incarnation is there.</returns>
    public async Task<bool> DeleteAsync(long incarnation)
    {
        await Gate.WaitAsync();
        try
        {
            if (_isRetired)
                return true;
            long known = _incarnation != 0 ? _incarnation : await _services.Threads.RunAsync(() => Reading(ReadIncarnation)) ?? 0;
            if (known > incarnation)
                return false;
            Fence();
            await RemoveFileAsync();
            // It would get in the way of the next journal's.
            await _compaction;
            _isRetired = true;
            return true;
        }
        finally
        {
            Gate.Release();
        }
    }

    public void DisposeFile() => _file?.Dispose();

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
                    _kept?.Remove(0, entry.Offset);
                    break;
                case ProgressKind.Finished:
                    if (entry.Value <= entry.Offset)
                        return;
                    _kept?.Remove(entry.Offset, entry.Value);
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
        Waiter waiter;
        lock (_lock)
        {
            if (epoch != _epoch)
                return ValueTask.FromException(Fenced());
            bool isWritten = _entries is null && _queue.Count == 0 && _durableFloor == _floor;
            if (isWritten && !(_services.SyncsEachWrite && (_isDirty || _isSyncing)))
                return ValueTask.CompletedTask;
            waiter = new Waiter(needsSync: _services.SyncsEachWrite);
            _waiters.Add(waiter);
        }
        _services.Writer.Post(this);
        return new ValueTask(waiter.Task);
    }

    public ValueTask KeepAsync(long epoch, MessageBatch message, ushort attempts, long due)
    {
        if (message.Count != 1)
            throw new ArgumentException("one message at a time is kept", nameof(message));
        Waiter waiter;
        lock (_lock)
        {
            if (epoch != _epoch)
                return ValueTask.FromException(Fenced());
            QueueEntries();
            _queue.Enqueue(JournalEntries.OfKept(message.BaseOffset, attempts, due, message.Records));
            // The log may be trimmed as soon as this completes, so it does not go by the sync interval.
            waiter = new Waiter(needsSync: true);
            _waiters.Add(waiter);
        }
        _services.Writer.Post(this);
        return new ValueTask(waiter.Task);
    }

    public async ValueTask<MessageBatch?> ReadKeptAsync(long offset)
    {
        lock (_lock)
        {
            if (_kept is null || !_kept.TryGet(offset, out _))
                return null;
        }
        return await _services.Threads.RunAsync(() => Reading(() => ReadKept(offset)));
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
                WritePayload(payload);
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
        StoreException failure = _services.Fail($"cannot write the progress of channel {_channel} of topic {_topic.Folder.Name}", e);
        lock (_lock)
            _failure = failure;
    }

    /// <inheritdoc/>
    public override void Commit()
    {
        bool isDirty;
        StoreException? failure;
        lock (_lock)
        {
            failure = _failure;
            isDirty = _isDirty || _isDirectoryDirty;
            if (failure is null)
                _sync.TakeWaiters(_committing);
        }
        if (failure is null)
        {
            _committing.ForEach(waiter => waiter.Complete());
            if (_sync.HasWaiters)
                _services.Syncer.SyncSoon(_sync);
            else if (isDirty)
                _services.Syncer.SyncLater(_sync);
            CompactIfGrown();
        }
        else
        {
            _committing.ForEach(waiter => waiter.Fail(failure));
            _services.Writer.PostDelayed(this);
        }
        _committing.Clear();
    }

    private StoreException FloorBeyondEnd(long floor)
    {
        long end = _topic.Writer.Assigned;
        _services.Log.FloorBeyondEnd(_topic.Folder.Name, _channel, floor, end);
        _services.Metrics?.Breached();
        return new StoreException($"channel {_channel} of topic {_topic.Folder.Name} has finished all below {floor}, but the topic's offsets end at {end}");
    }

    /// <summary>Something was noted that cannot be: this opening writes nothing more.</summary>
    private void CloseBroken(long epoch, long floor)
    {
        lock (_lock)
        {
            if (epoch != _epoch)
                return;
        }
        FloorBeyondEnd(floor);
        Fence();
    }

    private FencedException Fenced() => _topic.Folder.IsDeleted || _incarnation == 0
        ? new FencedException($"channel {_channel} of topic {_topic.Folder.Name} was deleted")
        : new FencedException($"channel {_channel} of topic {_topic.Folder.Name} was opened by another");

    /// <summary>Refuses whoever has it open, and drops what is not written yet.</summary>
    public void Fence()
    {
        List<Waiter> waiters;
        lock (_lock)
        {
            _epoch = 0;
            _incarnation = 0;
            _entries = null;
            _queue.Clear();
            waiters = _waiters;
            _waiters = [];
        }
        waiters.ForEach(waiter => waiter.Fail(Fenced()));
    }

    private void QueueEntries()
    {
        if (_entries is null)
            return;
        if (!_entries.IsEmpty)
            _queue.Enqueue(_entries.Take());
        _entries = null;
    }

    private async Task FlushPendingAsync()
    {
        Waiter waiter = new(needsSync: false);
        lock (_lock)
        {
            if (_entries is null && _queue.Count == 0)
                return;
            _waiters.Add(waiter);
        }
        _services.Writer.Post(this);
        await waiter.Task;
    }

    private Task RemoveFileAsync() => _services.Writer.RunAsync(() =>
    {
        try
        {
            _file?.Dispose();
            _file = null;
            _length = 0;
            _snapshotLength = 0;
            lock (_lock)
            {
                _kept = null;
                _queue.Clear();
                _isDirty = false;
            }
            if (_services.Files.FileExists(_path))
            {
                _services.Files.Delete(_path);
                lock (_lock)
                    _isDirectoryDirty = true;
                _services.Syncer.SyncLater(_sync);
            }
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            throw _services.Fail($"cannot delete {_path}", e);
        }
    });

    private void WritePayload(in JournalPayload payload)
    {
        if (_file is null)
        {
            IStorageFile file = _services.Files.Create(_path);
            try
            {
                file.Write([JournalHeader.Write(_incarnation)], 0);
            }
            catch
            {
                file.Dispose();
                throw;
            }
            lock (_lock)
            {
                _file = file;
                _length = JournalHeader.Size;
                _syncedLength = 0;
                _isDirectoryDirty = true;
            }
        }
        ReadOnlyMemory<byte> entries = payload.Bytes.AsMemory(0, payload.Length);
        _file.Write([JournalBlock.Header(entries.Span, _incarnation, _length), entries], _length);
        lock (_lock)
        {
            if (payload.KeptOffset is { } offset)
                (_kept ??= new OffsetMap<long>()).Set(offset, _length);
            _length += JournalBlock.HeaderSize + payload.Length;
            // Only now: a sync that runs beside the write may or may not have seen it.
            _isDirty = true;
            _queue.TryDequeue(out _);
        }
        _services.Health.Heal();
        if (payload.KeptOffset is null)
            ArrayPool<byte>.Shared.Return(payload.Bytes);
    }

    private ProgressState? Load(long incarnation) => Reading(() =>
    {
        _services.Files.Delete(_path + DataPath.TemporarySuffix);
        if (_file is null)
        {
            if (!_services.Files.FileExists(_path))
                return null;
            long? found = ReadIncarnation();
            if (found > incarnation)
                throw new FencedException($"channel {_channel} of topic {_topic.Folder.Name} was made anew");
            if (found < incarnation || new FileLength(_services.Files, _path).Value <= JournalHeader.Size)
            {
                _services.Files.Delete(_path);
                return null;
            }
            if (found is null)
                _services.Log.JournalDamaged(_path, 0, JournalHeader.Size);
            _file = _services.Files.Open(_path);
            _length = _file.Length;
            // A process that was killed may have left in the cache what it had not synced yet.
            _isDirty = true;
            _services.Syncer.SyncLater(_sync);
        }
        ProgressState state = new();
        OffsetMap<long> kept = new();
        long end = Replay(_file, incarnation, _length, state, kept, isRecovery: true);
        if (end < _length)
        {
            _services.Log.JournalCut(_path, end, _length - end);
            _file.Truncate(end);
            _length = end;
        }
        lock (_lock)
            _kept = kept.Count > 0 ? kept : null;
        _snapshotLength = Math.Max(_snapshotLength, JournalHeader.Size);
        return state;
    });

    /// <summary>Applies the blocks of a journal to a state; returns where the last good one ends.</summary>
    private long Replay(IStorageFile file, long incarnation, long limit, ProgressState state, OffsetMap<long> kept, bool isRecovery)
    {
        using JournalWalker walker = new(file, incarnation, JournalHeader.Size, limit);
        while (walker.MoveNext())
        {
            if (walker.Skipped.Length > 0 && isRecovery)
                _services.Log.JournalDamaged(_path, walker.Skipped.Position, walker.Skipped.Length);
            if (JournalEntries.Replay(walker.Entries, state) is { } offset)
                kept.Set(offset, walker.Position);
        }
        foreach ((long offset, _) in kept.InOrder.ToArray())
        {
            if (!state.IsKept(offset))
                kept.Remove(offset, offset + 1);
        }
        return walker.Next;
    }

    private long? ReadIncarnation()
    {
        if (!_services.Files.FileExists(_path))
            return null;
        using IStorageFile file = _services.Files.Open(_path);
        Span<byte> header = stackalloc byte[JournalHeader.Size];
        int read = file.Read(header, 0);
        return JournalHeader.Read(header[..read], _path);
    }

    private MessageBatch? ReadKept(long offset)
    {
        // A compaction may replace the file between the look-up and the read; then the look-up is repeated.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            long position;
            long limit;
            IStorageFile file;
            lock (_lock)
            {
                if (_file is null || _kept is null || !_kept.TryGet(offset, out position))
                    return null;
                file = _file;
                limit = _length;
            }
            try
            {
                using JournalWalker walker = new(file, _incarnation, position, limit);
                if (walker.MoveNext() && walker.Position == position && JournalEntries.ReadKept(walker.Entries, offset) is { } message)
                    return message;
            }
            catch (Exception e) when (e is ObjectDisposedException)
            {
                continue;
            }
        }
        throw new StoreException($"message {offset} of channel {_channel} of topic {_topic.Folder.Name} is damaged in {_path}");
    }

    private T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            throw Fault.Of($"cannot read the progress of channel {_channel} of topic {_topic.Folder.Name}", e);
        }
    }

    /// <summary>Completes when no compaction is under way; none begins any more once the writer has ended.</summary>
    public Task CompactedAsync() => _compaction;

    private void CompactIfGrown()
    {
        if (_isCompacting || _file is null || _length <= Math.Max(CompactFrom, CompactFactor * _snapshotLength))
            return;
        _isCompacting = true;
        _compaction = CompactAsync(_file, _incarnation, _length);
    }

    private async Task CompactAsync(IStorageFile file, long incarnation, long limit)
    {
        JournalSnapshot? snapshot = null;
        bool isSwitched = false;
        try
        {
            snapshot = await _services.Threads.RunAsync(() => WriteSnapshot(file, incarnation, limit));
            await _services.Writer.RunAsync(() => isSwitched = SwitchTo(snapshot, file, limit));
        }
        catch (Exception e) when (Fault.IsOfFiles(e) || e is ObjectDisposedException)
        {
            // The journal goes on as it is; the next change tries again. A deleted channel has nothing to compact.
            if (e is not ObjectDisposedException)
                _services.Fail($"cannot compact the progress of channel {_channel} of topic {_topic.Folder.Name}", e);
        }
        finally
        {
            snapshot?.Dispose();
            if (!isSwitched)
                await DiscardSnapshotAsync();
            _isCompacting = false;
        }
    }

    private async Task DiscardSnapshotAsync()
    {
        string path = _path + DataPath.TemporarySuffix;
        try
        {
            await _services.Threads.RunAsync(() =>
            {
                if (_services.Files.FileExists(path))
                    _services.Files.Delete(path);
                return true;
            });
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            // Gone with its channel, or the disk fails, which was said; the next one is written over it.
        }
    }

    private JournalSnapshot WriteSnapshot(IStorageFile file, long incarnation, long limit)
    {
        ProgressState state = new();
        OffsetMap<long> kept = new();
        Replay(file, incarnation, limit, state, kept, isRecovery: false);
        JournalSnapshot snapshot = new(_services.Files, _path + DataPath.TemporarySuffix, incarnation);
        try
        {
            JournalEntries entries = new();
            entries.Add(new ProgressEntry(ProgressKind.Floor, state.Floor));
            foreach (OffsetRange range in state.Finished)
            {
                entries.Add(new ProgressEntry(ProgressKind.Finished, range.Start, range.End));
                if (entries.Length > SnapshotBlock)
                    snapshot.Add(entries.Take());
            }
            foreach (MessageState message in state.Messages)
            {
                if (message.Kept)
                {
                    kept.TryGet(message.Offset, out long position);
                    using JournalWalker walker = new(file, incarnation, position, limit);
                    if (!walker.MoveNext() || JournalEntries.ReadKept(walker.Entries, message.Offset) is not { } body)
                        throw new IOException($"message {message.Offset} is damaged in {_path}");
                    if (!entries.IsEmpty)
                        snapshot.Add(entries.Take());
                    snapshot.Add(JournalEntries.OfKept(message.Offset, message.Attempts, message.Due, body.Records));
                }
                else
                {
                    entries.Add(message.Due != 0
                        ? new ProgressEntry(ProgressKind.Deferred, message.Offset, message.Due, message.Attempts)
                        : new ProgressEntry(ProgressKind.Attempts, message.Offset, 0, message.Attempts));
                    if (entries.Length > SnapshotBlock)
                        snapshot.Add(entries.Take());
                }
            }
            if (!entries.IsEmpty)
                snapshot.Add(entries.Take());
            snapshot.Sync();
            return snapshot;
        }
        catch
        {
            snapshot.Dispose();
            throw;
        }
    }

    /// <summary>Adds to the snapshot what was written since, and puts it in the journal's place. Runs on the writer thread.</summary>
    private bool SwitchTo(JournalSnapshot snapshot, IStorageFile file, long limit)
    {
        if (_file != file || _topic.Folder.IsDeleted)
            return false;
        // A sync is under way: what it is for must not be left behind. The next change compacts.
        if (!_fileLock.TryEnter())
            return false;
        try
        {
            long snapshotLength = snapshot.Length;
            using (JournalWalker walker = new(file, _incarnation, limit, _length))
            {
                while (walker.MoveNext())
                {
                    ReadOnlySpan<byte> entries = walker.Entries;
                    long? kept = JournalEntries.Replay(entries, new ProgressState());
                    snapshot.Add(new JournalPayload(entries.ToArray(), entries.Length, kept), isPooled: false);
                }
            }
            // What is on the device in the old file must be so in the new one.
            if (_syncedLength > limit)
                snapshot.Sync();
            snapshot.Dispose();
            _services.Files.Rename(_path + DataPath.TemporarySuffix, _path);
            file.Dispose();
            IStorageFile opened = _services.Files.Open(_path);
            lock (_lock)
            {
                OffsetMap<long> kept = new();
                foreach ((long offset, _) in _kept?.InOrder ?? [])
                {
                    if (snapshot.Kept.TryGet(offset, out long position))
                        kept.Set(offset, position);
                }
                _kept = kept.Count > 0 ? kept : null;
                _file = opened;
                _length = snapshot.Length;
                _snapshotLength = snapshotLength;
                _syncedLength = _syncedLength > limit ? snapshot.Length : snapshotLength;
                _isDirty = true;
                _isDirectoryDirty = true;
            }
        }
        finally
        {
            _fileLock.Exit();
        }
        _services.Syncer.SyncLater(_sync);
        return true;
    }

    private readonly struct FileLength(IStorageFiles files, string path)
    {
        public long Value
        {
            get
            {
                using IStorageFile file = files.Open(path);
                return file.Length;
            }
        }
    }

    private sealed class Waiter(bool needsSync)
    {
        private readonly TaskCompletionSource _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool NeedsSync => needsSync;

        public Task Task => _source.Task;

        public void Complete() => _source.TrySetResult();

        public void Fail(StoreException e) => _source.TrySetException(e);
    }

    private sealed class JournalSync(ChannelJournal journal) : SyncTarget
    {
        private List<Waiter> _waiters = [];

        public bool HasWaiters
        {
            get
            {
                lock (journal._lock)
                    return _waiters.Count > 0;
            }
        }

        /// <summary>Takes over those that wait for more than the write. Called under the journal's lock.</summary>
        public void TakeWaiters(List<Waiter> written)
        {
            foreach (Waiter waiter in written)
            {
                if (waiter.NeedsSync)
                    _waiters.Add(waiter);
            }
            written.RemoveAll(waiter => waiter.NeedsSync);
        }

        public override void Sync()
        {
            lock (journal._fileLock)
                SyncInLock();
        }

        private void SyncInLock()
        {
            List<Waiter> waiters;
            IStorageFile? file;
            bool isDirectoryDirty;
            bool mustRewrite;
            long length;
            lock (journal._lock)
            {
                waiters = _waiters;
                mustRewrite = journal._mustRewrite;
                length = journal._length;
                _waiters = [];
                file = journal._isDirty ? journal._file : null;
                isDirectoryDirty = journal._isDirectoryDirty;
                if (journal._topic.Folder.IsDeleted)
                {
                    waiters.ForEach(waiter => waiter.Fail(journal.Fenced()));
                    return;
                }
                journal._isDirty = false;
                journal._isDirectoryDirty = false;
                journal._isSyncing = true;
            }
            try
            {
                if (mustRewrite && file is not null)
                    FailedSync.WriteAgain(file, 0, length);
                file?.Sync();
                if (isDirectoryDirty)
                    journal._services.Files.SyncDirectory(Path.GetDirectoryName(journal._path)!);
                lock (journal._lock)
                {
                    journal._isSyncing = false;
                    journal._mustRewrite &= !(mustRewrite && file is not null);
                    if (file is not null && file == journal._file)
                        journal._syncedLength = Math.Max(journal._syncedLength, length);
                }
                waiters.ForEach(waiter => waiter.Complete());
            }
            catch (Exception e)
            {
                StoreException failure = Fault.Of($"cannot sync the progress of channel {journal._channel} of topic {journal._topic.Folder.Name}", e);
                waiters.ForEach(waiter => waiter.Fail(failure));
                lock (journal._lock)
                {
                    journal._isSyncing = false;
                    if (journal._topic.Folder.IsDeleted)
                        return;
                    journal._isDirty = true;
                    journal._mustRewrite = true;
                    journal._isDirectoryDirty |= isDirectoryDirty;
                }
                if (e is not ObjectDisposedException && !journal._topic.Folder.IsLeaving)
                {
                    journal._services.Health.Fail(failure);
                    journal._services.Log.SyncFailed(failure.Message);
                }
                journal._services.Syncer.SyncLater(this);
            }
        }
    }
}
