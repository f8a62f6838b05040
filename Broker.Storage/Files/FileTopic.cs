using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>
/// One generation of a topic on disk: its segments, shared by its log and its readers. Lives from the first use of the topic until the
/// topic is deleted or the store closed.
/// </summary>
/// <remarks>
/// The lock guards what other threads see; it is never held during I/O. Only the writer thread writes segments. What must not happen at
/// once (opening, closing, saving the record, trimming, deleting) is ordered by <see cref="Gate"/>.
/// </remarks>
internal sealed class FileTopic : WriterClient
{
    private readonly Lock _lock = new();
    private readonly Lock _syncLock = new();
    private readonly StoreServices _services;
    private readonly TopicSync _sync;
    private readonly OffsetReservation _reservation;
    private readonly List<Segment> _segments;
    private readonly PublishSequences _sequences = new();
    private readonly SortedDictionary<string, ChannelJournal> _journals = new(StringComparer.Ordinal);
    private readonly List<PendingAppend> _written = [];
    private readonly ReadCursors _cursors = new();
    private readonly HashSet<(long Segment, long Position)> _reportedDamage = [];
    private List<PendingAppend> _waiting = [];
    private List<PendingAppend> _writing = [];
    private TopicRecord _record;
    private Segment? _active;
    private StoreException? _broken;
    private long _epoch;
    private long _end;
    private long _assigned;
    private long _waitingBytes;
    private long _writePosition;
    private long _unsynced;
    private bool _isDirectoryDirty;
    private bool _needsRepair;
    private volatile bool _isLeaving;
    private volatile bool _isDeleted;
    private volatile bool _isReserving;

    private FileTopic(
        StoreServices services, string name, TopicDocument document, OffsetReservation reservation, List<Segment> segments)
    {
        _services = services;
        Name = name;
        Directory = services.Path.Topic(name);
        Generation = document.Generation;
        _record = document.Record;
        _reservation = reservation;
        _segments = segments;
        _sync = new TopicSync(this);
    }

    public string Name { get; }

    public string Directory { get; }

    public int Generation { get; }

    /// <summary>Held while the topic is opened, closed, changed or deleted.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

    public StoreServices Services => _services;

    public bool IsDeleted => _isDeleted;

    /// <summary>First offset that was never given out.</summary>
    public long Assigned => Volatile.Read(ref _assigned);

    /// <summary>Whether its files may be gone: it is being deleted, or was.</summary>
    public bool IsLeaving => _isLeaving;

    public TopicRecord Record
    {
        get
        {
            lock (_lock)
                return _record;
        }
    }

    public long Start
    {
        get
        {
            lock (_lock)
            {
                foreach (Segment segment in _segments)
                {
                    if (segment.Index.First is { } first)
                        return first;
                }
                return _end;
            }
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

    /// <summary>Number of its segments.</summary>
    public int SegmentCount
    {
        get
        {
            lock (_lock)
                return _segments.Count;
        }
    }

    public long Bytes
    {
        get
        {
            lock (_lock)
                return BytesInLock() - _waitingBytes;
        }
    }

    /// <summary>Makes a topic's files; they are on the device when it returns.</summary>
    public static FileTopic Create(StoreServices services, string name, TopicRecord record)
    {
        IStorageFiles files = services.Files;
        string directory = services.Path.Topic(name);
        TopicDocument document = new() { Generation = services.Store.NextGeneration(), Record = record };
        if (files.DirectoryExists(directory))
            ClearAway(services, directory, document.Generation);
        files.CreateDirectory(directory);
        files.CreateDirectory(DataPath.Channels(directory));
        document.Write(files, DataPath.Record(directory));
        files.SyncDirectory(services.Path.Topics);
        return new FileTopic(services, name, document, new OffsetReservation(files, DataPath.Offsets(directory)), []);
    }

    /// <summary>Reads what a topic's files say and repairs what an unclean end left; null when there is no such topic.</summary>
    public static FileTopic? Load(StoreServices services, string name)
    {
        IStorageFiles files = services.Files;
        string directory = services.Path.Topic(name);
        if (!files.DirectoryExists(directory) || TopicDocument.Read(files, DataPath.Record(directory)) is not { } document)
            return null;
        List<long> bases = [];
        foreach (string file in files.Files(directory))
        {
            if (DataPath.SegmentBase(file) is { } offset)
                bases.Add(offset);
            else if (file.EndsWith(DataPath.TemporarySuffix, StringComparison.Ordinal))
                files.Delete(Path.Combine(directory, file));
        }
        OffsetReservation reservation = new(files, DataPath.Offsets(directory));
        List<Segment> segments = [];
        try
        {
            for (int i = 0; i < bases.Count; i++)
            {
                SegmentPlace place = new(document.Generation, bases[i]);
                segments.Add(Segment.Open(files, directory, place, isLast: i == bases.Count - 1, services.Log));
            }
            reservation.Open();
        }
        catch
        {
            reservation.Dispose();
            segments.ForEach(segment => segment.Dispose());
            throw;
        }
        RemoveStillborn(services, directory, segments);
        FileTopic topic = new(services, name, document, reservation, segments);
        topic.Recover();
        return topic;
    }

    /// <summary>Opens the topic for writing under a new epoch: what an earlier opening still had to write is refused.</summary>
    public async Task<FileTopicLog> TakeOverAsync()
    {
        FileTopicLog? log = null;
        await _services.Writer.RunAsync(() => log = TakeOver());
        return log!;
    }

    /// <summary>Ends an opening: all is synced and noted as closed cleanly.</summary>
    /// <param name="epoch">The opening to end, if it is still the last; null for whichever is.</param>
    public async Task CloseAsync(long? epoch)
    {
        await Gate.WaitAsync();
        try
        {
            bool isOurs = false;
            await _services.Writer.RunAsync(() =>
            {
                lock (_lock)
                {
                    isOurs = (epoch is null || epoch == _epoch) && !_isDeleted;
                    if (isOurs)
                        _epoch = 0;
                }
            });
            if (isOurs)
                await _services.Threads.RunAsync(() => Try($"cannot close topic {Name}", CloseCleanly));
        }
        finally
        {
            Gate.Release();
        }
    }

    public ValueTask AppendAsync(long epoch, MessageBatch batch, long publisher, long sequence, long lowest)
    {
        PendingAppend pending;
        ValueTask completed;
        lock (_lock)
        {
            if (Refused(epoch) is { } fenced)
                return ValueTask.FromException(fenced);
            if (_broken is not null)
                return ValueTask.FromException(new StoreException(_broken.Message, _broken));
            if (batch.BaseOffset != _assigned)
                throw new ArgumentException($"batch at {batch.BaseOffset} does not follow {_assigned}", nameof(batch));
            if (batch.EndOffset > MessageId.MaxOffset)
                return ValueTask.FromException(new StoreException($"topic {Name} has used up its offsets"));
            _assigned = batch.EndOffset;
            if (RefusalInLock(batch.Records.Length) is { } refusal)
            {
                _broken = new StoreException(refusal);
                return ValueTask.FromException(_broken);
            }
            pending = _services.Appends.Rent();
            completed = pending.Begin(batch, publisher, sequence, lowest, epoch, _services.Metrics?.AppendStart ?? 0);
            _waitingBytes += SizeInLog(batch);
            _waiting.Add(pending);
        }
        _services.Writer.Post(this);
        return completed;
    }

    public string? Refusal(int bytes)
    {
        lock (_lock)
            return RefusalInLock(bytes);
    }

    public ValueTask Verify(long epoch)
    {
        lock (_lock)
            return Refused(epoch) is { } fenced ? ValueTask.FromException(fenced) : ValueTask.CompletedTask;
    }

    public async ValueTask SaveRecordAsync(long epoch, TopicRecord record)
    {
        await Gate.WaitAsync();
        try
        {
            Check(epoch);
            TopicDocument document = new() { Generation = Generation, Record = record };
            await _services.Threads.RunAsync(() => Try(
                $"cannot save the record of topic {Name}", () => document.Write(_services.Files, DataPath.Record(Directory))));
            lock (_lock)
                _record = record;
        }
        finally
        {
            Gate.Release();
        }
    }

    public async ValueTask TrimAsync(long epoch, long below)
    {
        await Gate.WaitAsync();
        try
        {
            Check(epoch);
            if (IsActiveWorthTrimming(below))
                await _services.Writer.RunAsync(() => Try($"cannot write topic {Name}", () => RollWhenBelow(below)));
            List<Segment> removed = [];
            lock (_lock)
            {
                while (_segments.Count > 1 && _segments[0].IsSealed && _segments[0].Index.End <= below)
                {
                    _segments[0].IsRemoved = true;
                    removed.Add(_segments[0]);
                    _segments.RemoveAt(0);
                }
            }
            if (removed.Count > 0)
                await _services.Threads.RunAsync(() => Try($"cannot trim topic {Name}", () => removed.ForEach(Remove)));
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>Told when the topic has been deleted; set before anybody has it.</summary>
    public Action<FileTopic>? Deleted { get; set; }

    public async Task DeleteAsync(long epoch)
    {
        await Gate.WaitAsync();
        try
        {
            Check(epoch);
            string aside = Path.Combine(_services.Path.Deleted, $"{DataPath.Escape(Name)}-{Generation}");
            await _services.Writer.RunAsync(() => Try($"cannot delete topic {Name}", () =>
            {
                _isLeaving = true;
                try
                {
                    _services.Files.Rename(Directory, aside);
                }
                catch
                {
                    _isLeaving = false;
                    throw;
                }
                MarkDeleted();
            }));
            await _services.Threads.RunAsync(() => Try($"cannot delete topic {Name}", () =>
            {
                _services.Files.SyncDirectory(_services.Path.Topics);
                DisposeFiles();
                _services.Files.DeleteDirectory(aside);
            }));
        }
        finally
        {
            Gate.Release();
            if (IsDeleted)
                Deleted?.Invoke(this);
        }
    }

    /// <summary>Opens a channel's progress.</summary>
    /// <exception cref="StoreException">It cannot be read, or a newer incarnation is there.</exception>
    public async ValueTask<FileChannelProgress> OpenChannelAsync(string channel, long incarnation)
    {
        while (true)
        {
            if (await JournalOf(channel).OpenAsync(incarnation) is { } progress)
                return progress;
        }
    }

    /// <summary>Removes what is kept of an incarnation of a channel or of an older one, and what is known of it.</summary>
    /// <exception cref="StoreException">It cannot be removed.</exception>
    public async ValueTask DeleteChannelAsync(string channel, long incarnation)
    {
        ChannelJournal journal = JournalOf(channel);
        if (!await journal.DeleteAsync(incarnation))
            return;
        lock (_lock)
        {
            if (_journals.GetValueOrDefault(channel) == journal)
                _journals.Remove(channel);
        }
    }

    private ChannelJournal JournalOf(string channel)
    {
        lock (_lock)
        {
            if (_isDeleted)
                throw new FencedException($"topic {Name} was deleted");
            if (!_journals.TryGetValue(channel, out ChannelJournal? journal) || journal.IsRetired)
            {
                journal = new ChannelJournal(this, channel, DataPath.Journal(Directory, channel));
                _journals[channel] = journal;
            }
            return journal;
        }
    }

    public IReadOnlyList<ChannelJournal> Journals()
    {
        lock (_lock)
            return [.. _journals.Values];
    }

    public ValueTask<LogRead> ReadAsync(long from, long to, int maxBytes)
    {
        lock (_lock)
        {
            if (_isDeleted)
                return ValueTask.FromException<LogRead>(new StoreException($"topic {Name} was deleted"));
            if (from >= _end || from >= to)
                return new(new LogRead([], from));
        }
        return new(_services.Threads.RunAsync(() => Retrying(() => Read(from, to, maxBytes))));
    }

    public ValueTask<LogCount> CountAsync(long from, long to)
    {
        if (from >= to)
            return new(default(LogCount));
        List<OffsetRange> ranges = Record.Visible(from, to);
        LogCount sum = default;
        foreach (OffsetRange range in ranges)
        {
            if (!TryCountBelow(range.Start, out LogCount start) || !TryCountBelow(range.End, out LogCount end))
                return new(_services.Threads.RunAsync(() => Retrying(() => Count(ranges))));
            sum = LogCounts.Plus(sum, LogCounts.Minus(end, start));
        }
        return new(sum);
    }

    public ValueTask<IReadOnlyList<DeferredHeader>> ReadDeferredAsync(long from, long to) =>
        new(_services.Threads.RunAsync(() => Retrying(() => ReadDeferred(from, to))));

    /// <inheritdoc/>
    public override void Write()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
                return;
            (_waiting, _writing) = (_writing, _waiting);
        }
        int done = 0;
        long start = _services.Metrics?.WriteStart ?? 0;
        StoreException? failure = null;
        try
        {
            foreach (PendingAppend append in _writing)
                append.Header = BatchHeader.Of(append.Batch, append.Epoch, append.Publisher, append.Sequence, append.Lowest);
            ReserveUpTo(_writing[^1].Batch.EndOffset);
            while (done < _writing.Count)
                WriteRun(ref done);
            _services.Metrics?.Written(start);
        }
        catch (Exception e)
        {
            failure = _services.Fail($"cannot write topic {Name}", e);
        }
        for (int i = 0; i < done; i++)
            _written.Add(_writing[i]);
        if (failure is not null)
        {
            _needsRepair = true;
            Break(failure, _writing[done..]);
        }
        _writing.Clear();
    }

    /// <inheritdoc/>
    public override void Commit()
    {
        if (_written.Count > 0)
        {
            StoreException? failure = _services.SyncsEachWrite ? SyncWritten() : null;
            if (failure is null)
                CommitWritten();
            else
                Break(failure, [.. _written]);
            _written.Clear();
        }
        if (_needsRepair)
            Repair();
    }

    /// <inheritdoc/>
    public override void Abort(Exception e)
    {
        _needsRepair = true;
        List<PendingAppend> appends = [.. _written, .. _writing];
        _written.Clear();
        _writing.Clear();
        Break(_services.Fail($"cannot write topic {Name}", e), appends);
        Repair();
    }

    /// <summary>Releases the handles; the store does it when it closes.</summary>
    public void DisposeFiles()
    {
        List<Segment> segments;
        lock (_lock)
            segments = [.. _segments];
        segments.ForEach(segment => segment.Dispose());
        _reservation.Dispose();
        foreach (ChannelJournal journal in Journals())
            journal.DisposeFile();
    }

    /// <summary>Removes what a crash while the topic was made left; anything else that is no topic is moved aside.</summary>
    private static void ClearAway(StoreServices services, string directory, int generation)
    {
        if (services.Files.Files(directory).All(file => file.EndsWith(DataPath.TemporarySuffix, StringComparison.Ordinal)))
        {
            services.Files.DeleteDirectory(directory);
            return;
        }
        string aside = Path.Combine(services.Path.Aside, $"{Path.GetFileName(directory)}-{generation}");
        services.Files.Rename(directory, aside);
        services.Log.MovedAside(directory, aside);
    }

    /// <summary>
    /// Removes segments that could not be begun for want of room, after which the log went on in the one before: nothing is in them, and their
    /// place in the order is wrong.
    /// </summary>
    private static void RemoveStillborn(StoreServices services, string directory, List<Segment> segments)
    {
        long end = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            Segment segment = segments[i];
            if (segment.Index.First is null && segment.Place.BaseOffset < end)
            {
                segment.Dispose();
                services.Files.Delete(segment.Path);
                services.Files.Delete(DataPath.Index(directory, segment.Place.BaseOffset));
                segments.RemoveAt(i--);
                continue;
            }
            end = Math.Max(end, segment.Index.End);
        }
    }

    private static long SizeInLog(MessageBatch batch) => BatchHeader.SizeOf(batch.Count, batch.IsDeferred) + batch.Records.Length;

    /// <summary>Runs something that uses files; what files throw becomes a <see cref="StoreException"/>.</summary>
    private bool Try(string what, Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            throw _services.Fail(what, e);
        }
    }

    private void Recover()
    {
        foreach (Segment segment in _segments)
        {
            foreach ((long publisher, SequenceWindow window) in segment.Index.Sequences.OrderBy(pair => pair.Key))
                _sequences.Add(publisher, window);
        }
        _end = _segments.Count > 0 ? _segments[^1].Index.End : 0;
        _active = _segments.LastOrDefault();
        _writePosition = _active?.Index.Length ?? 0;
        if (_reservation.CleanEnd is { } cleanEnd && cleanEnd >= _end && !_reservation.IsDamaged)
        {
            _assigned = cleanEnd;
        }
        else if (_reservation.IsDamaged || (_reservation.Reserved == 0 && _end > 0))
        {
            // What was reserved is not known, but never more than this ahead of what was written.
            _assigned = Math.Max(_reservation.Reserved, _end) + 2 * OffsetReservation.Block;
            _services.Log.ReservationDamaged(DataPath.Offsets(Directory), _assigned);
        }
        else
        {
            _assigned = Math.Max(_reservation.Reserved, _end);
            if (_assigned > _end)
                _services.Log.OffsetsJumped(Name, _assigned, _assigned - _end);
        }
        if (_segments.Exists(segment => segment.IsDirty))
            _services.Syncer.SyncLater(_sync);
    }

    private FileTopicLog TakeOver()
    {
        List<PendingAppend> stale;
        FileTopicLog log;
        if (_needsRepair)
            Repair();
        lock (_lock)
        {
            if (_isDeleted)
                throw new FencedException($"topic {Name} was deleted");
            stale = _waiting;
            _waiting = [];
            _waitingBytes = 0;
            _broken = null;
            _epoch = _services.Store.NextEpoch();
            _assigned = Math.Max(_assigned, _end);
            log = new FileTopicLog(this, _epoch, _assigned, _sequences.ToDictionary());
        }
        foreach (PendingAppend append in stale)
            append.Fail(new FencedException($"topic {Name} was opened by another"));
        return log;
    }

    private void CloseCleanly()
    {
        if (_reservation.Reserved == 0 || _reservation.CleanEnd is not null)
            return;
        SyncDirty();
        Segment? active;
        byte[]? index = null;
        long end;
        lock (_lock)
        {
            active = _segments.LastOrDefault();
            index = active?.Index.Write();
            end = _assigned;
        }
        if (active is not null)
            Segment.WriteIndex(_services.Files, Directory, active.Place, index!);
        lock (_reservation)
            _reservation.Close(end);
    }

    private FencedException? Refused(long epoch) =>
        _isDeleted ? new FencedException($"topic {Name} was deleted")
        : epoch != _epoch ? new FencedException($"topic {Name} was opened by another or closed")
        : null;

    private void Check(long epoch)
    {
        lock (_lock)
        {
            if (Refused(epoch) is { } fenced)
                throw fenced;
        }
    }

    private string? RefusalInLock(int bytes)
    {
        long limit = _services.Options.MaxTopicBytes;
        return limit > 0 && BytesInLock() + bytes + BatchHeader.FixedSize > limit
            ? $"topic {Name} is full: it may take {limit} bytes on disk"
            : null;
    }

    private long BytesInLock()
    {
        long bytes = _waitingBytes;
        foreach (Segment segment in _segments)
            bytes += segment.Index.Length;
        return bytes;
    }

    /// <summary>Makes sure that offsets are reserved before they are written; the next block is reserved in the background long before.</summary>
    private void ReserveUpTo(long end)
    {
        if (_reservation.CleanEnd is null && end <= _reservation.Reserved)
        {
            bool isShort = _reservation.Reserved - end < OffsetReservation.Block / 2;
            if (isShort && !_isReserving)
            {
                _isReserving = true;
                _services.Syncer.SyncSoon(_sync);
            }
            return;
        }
        lock (_reservation)
            _reservation.Reserve(Math.Max(_reservation.Reserved, end + OffsetReservation.Block));
    }

    /// <summary>Writes as many appends as go into one write to one segment.</summary>
    private void WriteRun(ref int done)
    {
        WriteBuffer buffer = _services.Buffer;
        buffer.Clear();
        Segment? active = _active;
        long position = _writePosition;
        int next = done;
        for (; next < _writing.Count; next++)
        {
            PendingAppend append = _writing[next];
            if (active is null || active.IsSealed || (position > SegmentHeader.Size && position + append.Header.Size > MaxSegmentBytes()))
            {
                if (!buffer.IsEmpty)
                    break;
                active = Roll(append.Header.BaseOffset);
                position = _writePosition;
            }
            if (!buffer.TryAdd(append.Header, append.Batch.DueTimes, append.Batch.Records, active.Place.At(position)))
                break;
            append.Segment = active;
            append.Position = position;
            position += append.Header.Size;
        }
        try
        {
            active!.File.Write(buffer.Buffers, _writePosition);
        }
        finally
        {
            // Only now: a sync that runs beside the write may or may not have seen it.
            lock (_lock)
                active!.IsDirty = true;
        }
        _writePosition = position;
        done = next;
    }

    private long MaxSegmentBytes()
    {
        long limit = _services.Options.MaxTopicBytes;
        // A bounded topic needs several segments, or nothing could be removed before all is consumed.
        return limit > 0 ? Math.Min(_services.Options.MaxBytesPerFile, limit / 8) : _services.Options.MaxBytesPerFile;
    }

    private Segment Roll(long baseOffset)
    {
        Segment segment = Segment.Create(_services.Files, Directory, new SegmentPlace(Generation, baseOffset));
        lock (_lock)
        {
            _segments.Add(segment);
            _isDirectoryDirty = true;
        }
        _active = segment;
        _writePosition = SegmentHeader.Size;
        return segment;
    }

    private bool IsActiveWorthTrimming(long below)
    {
        const long WorthRolling = 4 << 20;
        lock (_lock)
        {
            if (_segments.Count == 0)
                return false;
            SegmentIndex index = _segments[^1].Index;
            return index.End <= below && index.Length > Math.Min(WorthRolling, MaxSegmentBytes() / 2);
        }
    }

    private void RollWhenBelow(long below)
    {
        if (!IsActiveWorthTrimming(below) || _active!.Place.BaseOffset >= _end)
            return;
        Roll(_end);
        lock (_lock)
            SealAllButActive();
        _services.Syncer.SyncLater(_sync);
    }

    private void SealAllButActive()
    {
        for (int i = 0; i < _segments.Count - 1; i++)
            _segments[i].IsSealed = true;
    }

    private void CommitWritten()
    {
        bool syncNow;
        lock (_lock)
        {
            foreach (PendingAppend append in _written)
            {
                append.Segment.Index.Add(append.Header, append.Position);
                _waitingBytes = Math.Max(0, _waitingBytes - append.Header.Size);
                _unsynced += append.Header.Count;
                if (append.Publisher != 0)
                    _sequences.Add(append.Publisher, append.Sequence, append.Lowest);
            }
            _end = _written[^1].Header.EndOffset;
            SealAllButActive();
            syncNow = _segments.Count > 1 && !_segments[^2].IsIndexed;
            if (!_services.SyncsEachWrite)
                syncNow |= _services.Options.SyncEvery > 0 && _unsynced >= _services.Options.SyncEvery;
        }
        _services.Health.Heal();
        if (_services.Metrics is { } metrics)
        {
            long bytes = 0;
            long messages = 0;
            foreach (PendingAppend append in _written)
            {
                bytes += append.Header.Size;
                messages += append.Header.Count;
            }
            metrics.Appended(_written[0].Started, messages, bytes);
        }
        if (syncNow)
            _services.Syncer.SyncSoon(_sync);
        else if (!_services.SyncsEachWrite)
            _services.Syncer.SyncLater(_sync);
        foreach (PendingAppend append in _written)
            append.Complete();
    }

    private StoreException? SyncWritten()
    {
        try
        {
            SyncDirty();
            return null;
        }
        catch (Exception e)
        {
            // After a failed fsync nobody knows what is on the device, so what it was for is taken back.
            _needsRepair = true;
            return _services.Fail($"cannot sync topic {Name}", e);
        }
    }

    /// <summary>Fails appends and all that come until the topic is opened again.</summary>
    private void Break(StoreException failure, IReadOnlyList<PendingAppend> appends)
    {
        List<PendingAppend> waiting;
        lock (_lock)
        {
            _broken = failure;
            waiting = _waiting;
            _waiting = [];
            _waitingBytes = 0;
        }
        foreach (PendingAppend append in appends)
            append.Fail(failure);
        foreach (PendingAppend append in waiting)
            append.Fail(failure);
    }

    /// <summary>
    /// Cuts off what was written and not committed, or leaves that segment behind when even this fails. That may be more than the active
    /// segment: whatever was begun since the last commit is not sealed.
    /// </summary>
    private void Repair()
    {
        _needsRepair = false;
        List<Segment> open;
        lock (_lock)
            open = _segments.FindAll(segment => !segment.IsSealed);
        foreach (Segment segment in open)
        {
            try
            {
                segment.File.Truncate(segment.Index.Length);
                lock (_lock)
                    segment.IsDirty = true;
            }
            catch (Exception e)
            {
                _services.Fail($"cannot cut {segment.Path} back", e);
                lock (_lock)
                    segment.IsSealed = true;
            }
        }
        _writePosition = _active?.Index.Length ?? 0;
    }

    private void SyncDirty()
    {
        // Whoever comes second must not go on before the first one's fsync is over.
        lock (_syncLock)
            SyncDirtyInLock();
    }

    private void SyncDirtyInLock()
    {
        List<(Segment Segment, long Synced, long Length, bool MustRewrite)> dirty = [];
        bool isDirectoryDirty;
        lock (_lock)
        {
            foreach (Segment segment in _segments)
            {
                if (segment.IsDirty)
                {
                    segment.IsDirty = false;
                    dirty.Add((segment, segment.SyncedLength, segment.Index.Length, segment.MustRewrite));
                }
            }
            isDirectoryDirty = _isDirectoryDirty;
            _isDirectoryDirty = false;
            _unsynced = 0;
        }
        long start = dirty.Count > 0 ? _services.Metrics?.SyncStart ?? 0 : 0;
        try
        {
            foreach ((Segment segment, long synced, long length, bool mustRewrite) in dirty)
            {
                try
                {
                    if (mustRewrite)
                        FailedSync.WriteAgain(segment.File, synced, length);
                    segment.File.Sync();
                }
                catch (Exception e) when (segment.IsRemoved && e is (ObjectDisposedException or FileNotFoundException))
                {
                    // Trimmed meanwhile.
                }
            }
            if (isDirectoryDirty)
                _services.Files.SyncDirectory(Directory);
            _services.Metrics?.Synced(start);
        }
        catch
        {
            lock (_lock)
            {
                foreach ((Segment segment, _, _, _) in dirty)
                {
                    segment.IsDirty = true;
                    segment.MustRewrite = true;
                }
                _isDirectoryDirty |= isDirectoryDirty;
            }
            throw;
        }
        lock (_lock)
        {
            foreach ((Segment segment, _, long length, bool mustRewrite) in dirty)
            {
                segment.SyncedLength = Math.Max(segment.SyncedLength, length);
                segment.MustRewrite &= !mustRewrite;
            }
        }
    }

    private void SyncInBackground()
    {
        try
        {
            if (IsDeleted)
                return;
            if (_isReserving)
            {
                lock (_reservation)
                {
                    // A topic that was closed meanwhile needs none, and would no longer count as closed cleanly.
                    if (_reservation.CleanEnd is null)
                        _reservation.Reserve(Math.Max(_reservation.Reserved, Volatile.Read(ref _assigned)) + OffsetReservation.Block);
                }
                _isReserving = false;
            }
            if (!_services.SyncsEachWrite)
                SyncDirty();
            WriteIndexes();
        }
        catch (Exception e)
        {
            // A segment may have been trimmed meanwhile, or the topic deleted: then the next attempt finds nothing to do.
            if (IsDeleted)
                return;
            _isReserving = false;
            if (!IsLeaving)
            {
                StoreException failure = Fault.Of($"cannot sync topic {Name}", e);
                _services.Health.Fail(failure);
                _services.Metrics?.Failed();
                _services.Log.SyncFailed(failure.Message);
            }
            _services.Syncer.SyncLater(_sync);
        }
    }

    private void WriteIndexes()
    {
        List<(Segment Segment, byte[] Index)> indexes = [];
        lock (_lock)
        {
            foreach (Segment segment in _segments)
            {
                if (segment.IsSealed && !segment.IsIndexed && !segment.IsDirty)
                    indexes.Add((segment, segment.Index.Write()));
            }
        }
        foreach ((Segment segment, byte[] index) in indexes)
        {
            Segment.WriteIndex(_services.Files, Directory, segment.Place, index);
            lock (_lock)
                segment.IsIndexed = true;
        }
    }

    private void Remove(Segment segment)
    {
        segment.Dispose();
        _services.Files.Delete(segment.Path);
        _services.Files.Delete(DataPath.Index(Directory, segment.Place.BaseOffset));
    }

    private void MarkDeleted()
    {
        List<PendingAppend> waiting;
        List<ChannelJournal> journals;
        lock (_lock)
        {
            _isDeleted = true;
            waiting = _waiting;
            _waiting = [];
            journals = [.. _journals.Values];
        }
        foreach (ChannelJournal journal in journals)
            journal.Fence();
        foreach (PendingAppend append in waiting)
            append.Fail(new FencedException($"topic {Name} was deleted"));
    }

    /// <summary>Runs a read again when a segment was trimmed under it.</summary>
    private T Retrying<T>(Func<T> read)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return read();
            }
            catch (Exception e) when (Fault.IsOfFiles(e) || e is ObjectDisposedException)
            {
                if (IsDeleted)
                    throw new StoreException($"topic {Name} was deleted", e);
                if (attempt == 3 || e is not (FileNotFoundException or ObjectDisposedException))
                    throw Fault.Of($"cannot read topic {Name}", e);
            }
        }
    }

    private LogRead Read(long from, long to, int maxBytes)
    {
        const int MaxSegments = 4;
        const int HeaderAllowance = 4 << 10;
        List<(Segment Segment, long Position, long Limit)> parts = [];
        long seen;
        lock (_lock)
        {
            to = Math.Min(to, _end);
            seen = Math.Max(from, to);
            int first = FirstSegmentEndingAfter(from);
            for (int i = first; i < _segments.Count && _segments[i].Place.BaseOffset < to; i++)
            {
                Segment segment = _segments[i];
                if (parts.Count == MaxSegments)
                {
                    seen = parts[^1].Segment.Index.End;
                    break;
                }
                long position = _cursors.Find(segment, from) ?? segment.Index.MarkFor(from).Position;
                parts.Add((segment, position, segment.Index.Length));
            }
        }
        List<MessageBatch> batches = [];
        long bytes = 0;
        foreach ((Segment segment, long position, long limit) in parts)
        {
            int chunk = (int)Math.Clamp(maxBytes - bytes + HeaderAllowance, HeaderAllowance, 1 << 20);
            using BatchWalker walker = new(segment.File, segment.Place, position, limit, chunk);
            while (walker.MoveNext())
            {
                ReportDamage(segment, walker.Skipped);
                BatchHeader header = walker.Header;
                if (header.EndOffset <= from)
                    continue;
                if (header.BaseOffset >= to)
                    return new LogRead(batches, seen);
                if (batches.Count > 0 && bytes + header.RecordBytes > maxBytes)
                {
                    long end = batches[^1].EndOffset;
                    lock (_lock)
                        _cursors.Set(segment, end, walker.Position);
                    return new LogRead(batches, end);
                }
                byte[]? records = walker.ReadRecords();
                if (records is null)
                {
                    ReportDamage(segment, new FileRange(walker.Position, header.Size));
                    TakeBack(segment, header, walker.Position);
                    continue;
                }
                bytes += records.Length;
                batches.Add(new MessageBatch
                {
                    BaseOffset = header.BaseOffset,
                    Count = header.Count,
                    Records = records,
                    DueTimes = walker.DueTimes(),
                });
            }
            ReportDamage(segment, walker.Skipped);
            if (batches.Count > 0)
            {
                lock (_lock)
                    _cursors.Set(segment, batches[^1].EndOffset, limit);
            }
        }
        return new LogRead(batches, seen);
    }

    private void ReportDamage(Segment segment, FileRange range)
    {
        if (range.Length == 0)
            return;
        lock (_lock)
        {
            if (!_reportedDamage.Add((segment.Place.BaseOffset, range.Position)))
                return;
        }
        _services.Log.DamagedBytes(segment.Path, range.Position, range.Length);
    }

    /// <summary>A batch was found damaged that was intact before: it no longer counts.</summary>
    private void TakeBack(Segment segment, in BatchHeader header, long position)
    {
        lock (_lock)
        {
            if (segment.Index.TakeBack(header, position))
                segment.IsIndexed = false;
        }
        _services.Syncer.SyncLater(_sync);
    }

    private LogCount Count(List<OffsetRange> ranges)
    {
        LogCount sum = default;
        foreach (OffsetRange range in ranges)
            sum = LogCounts.Plus(sum, LogCounts.Minus(CountBelow(range.End), CountBelow(range.Start)));
        return sum;
    }

    /// <summary>Messages of the kept log below an offset, if no file need be read to know.</summary>
    private bool TryCountBelow(long offset, out LogCount count)
    {
        lock (_lock)
        {
            count = default;
            foreach (Segment segment in _segments)
            {
                if (segment.Index.End <= offset)
                {
                    count = LogCounts.Plus(count, segment.Index.Total);
                    continue;
                }
                (long markOffset, _, LogCount before) = segment.Index.MarkFor(offset);
                count = LogCounts.Plus(count, before);
                return offset <= markOffset;
            }
            return true;
        }
    }

    private LogCount CountBelow(long offset)
    {
        LogCount count = default;
        Segment? partial = null;
        long position = 0;
        long limit = 0;
        lock (_lock)
        {
            foreach (Segment segment in _segments)
            {
                if (segment.Index.End <= offset)
                {
                    count = LogCounts.Plus(count, segment.Index.Total);
                    continue;
                }
                (_, position, LogCount before) = segment.Index.MarkFor(offset);
                count = LogCounts.Plus(count, before);
                limit = segment.Index.Length;
                partial = segment;
                break;
            }
        }
        if (partial is null)
            return count;
        using BatchWalker walker = new(partial.File, partial.Place, position, limit, chunk: 64 << 10);
        while (walker.MoveNext() && walker.Header.BaseOffset < offset)
        {
            if (IsDamaged(partial, walker.Position))
                continue;
            BatchHeader header = walker.Header;
            long inside = Math.Min(header.Count, offset - header.BaseOffset);
            long bytes = header.BodyBytes * inside / header.Count;
            count = LogCounts.Plus(count, header.IsDeferred ? new LogCount(0, inside, bytes) : new LogCount(inside, 0, bytes));
        }
        return count;
    }

    private IReadOnlyList<DeferredHeader> ReadDeferred(long from, long to)
    {
        List<(Segment Segment, FileRange Range)> ranges = [];
        lock (_lock)
        {
            for (int i = FirstSegmentEndingAfter(from); i < _segments.Count && _segments[i].Place.BaseOffset < to; i++)
            {
                foreach (FileRange range in _segments[i].Index.DeferredIn(from, to))
                    ranges.Add((_segments[i], range));
            }
        }
        List<DeferredHeader> headers = [];
        foreach ((Segment segment, FileRange range) in ranges)
        {
            using BatchWalker walker = new(segment.File, segment.Place, range.Position, range.Position + range.Length, chunk: 64 << 10);
            while (walker.MoveNext())
            {
                BatchHeader header = walker.Header;
                if (header.BaseOffset < to && header.EndOffset > from && !IsDamaged(segment, walker.Position) && walker.DueTimes() is { } dueTimes)
                    headers.Add(new DeferredHeader(header.BaseOffset, dueTimes));
            }
        }
        return headers;
    }

    private bool IsDamaged(Segment segment, long position)
    {
        lock (_lock)
            return segment.Index.IsDamaged(position);
    }

    private int FirstSegmentEndingAfter(long offset)
    {
        int low = 0;
        int high = _segments.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_segments[middle].Index.End <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private sealed class TopicSync(FileTopic topic) : SyncTarget
    {
        public override void Sync() => topic.SyncInBackground();
    }
}
