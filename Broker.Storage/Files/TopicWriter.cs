using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>Appends to a topic's log: takes batches from any thread, and writes and commits them when the log writer says so.</summary>
/// <remarks>
/// The lock guards who may append, the offsets given out and what waits; it is never held during I/O, and only the lock of the segments is
/// taken under it. What is being written belongs to whoever writes for the log writer.
/// </remarks>
internal sealed class TopicWriter : WriterClient
{
    // Bytes; more is not lost in what a wake-up of the writer thread takes.
    private const int MostWrittenByCaller = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly StoreServices _services;
    private readonly TopicFolder _folder;
    private readonly SegmentList _segments;
    private readonly OffsetReservation _reservation;
    private readonly TopicSync _sync;
    private readonly PublishSequences _sequences = new();
    private readonly List<FileAppend> _written = [];
    private List<FileAppend> _waiting = [];
    private List<FileAppend> _writing = [];
    private Segment? _active;
    private StoreException? _broken;
    private long _bound;
    private long _epoch;
    private long _assigned;
    private long _waitingBytes;
    private long _writePosition;
    private bool _needsRepair;

    public TopicWriter(StoreServices services, TopicFolder folder, SegmentList segments, OffsetReservation reservation, TopicSync sync)
    {
        _services = services;
        _folder = folder;
        _segments = segments;
        _reservation = reservation;
        _sync = sync;
        Recover();
    }

    /// <summary>First offset that was never given out.</summary>
    public long Assigned => Volatile.Read(ref _assigned);

    /// <summary>Bytes that the log is meant to take (<see cref="ITopicLog.Bound"/>).</summary>
    public long Bound
    {
        get => Volatile.Read(ref _bound);
        set => Volatile.Write(ref _bound, value);
    }

    private long MaxSegmentBytes
    {
        get
        {
            long limit = _services.Options.MaxTopicBytes;
            if (Bound is > 0 and long bound && (limit == 0 || bound < limit))
                limit = bound;
            // A bounded topic needs several segments, or nothing could be removed before all is consumed.
            return limit > 0 ? Math.Min(_services.Options.MaxBytesPerFile, limit / 8) : _services.Options.MaxBytesPerFile;
        }
    }

    /// <summary>Opens the topic under a new epoch: what an earlier opening still had to write is refused. Called on the writer thread.</summary>
    public FileTopicLog TakeOver(FileTopic topic)
    {
        List<FileAppend> stale;
        FileTopicLog log;
        if (_needsRepair)
            Repair();
        lock (_lock)
        {
            if (_folder.IsDeleted)
                throw _folder.Gone();
            stale = TakeWaitingInLock();
            _broken = null;
            _epoch = _services.Store.NextEpoch();
            _assigned = Math.Max(_assigned, _segments.End);
            log = new FileTopicLog(topic, _epoch, _assigned, _sequences.ToDictionary());
        }
        foreach (FileAppend append in stale)
            append.Fail(new FencedException($"topic {_folder.Name} was opened by another"));
        return log;
    }

    /// <summary>Ends an opening: nothing is appended until the next. Called on the writer thread.</summary>
    /// <param name="epoch">The opening to end, if it is still the last; null for whichever is.</param>
    public void End(long? epoch)
    {
        lock (_lock)
        {
            if (epoch is null || epoch == _epoch)
                _epoch = 0;
        }
    }

    /// <summary>Refuses all, after the topic was deleted.</summary>
    public void Fence()
    {
        List<FileAppend> waiting;
        lock (_lock)
            waiting = TakeWaitingInLock();
        foreach (FileAppend append in waiting)
            append.Fail(_folder.Gone());
    }

    /// <summary>Appends a batch (<see cref="ITopicLog.AppendAsync"/>).</summary>
    public ValueTask AppendAsync(long epoch, MessageBatch batch, long publisher, long sequence, long lowest)
    {
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
                return ValueTask.FromException(new StoreException($"topic {_folder.Name} has used up its offsets"));
            _assigned = batch.EndOffset;
            if (RefusalInLock(batch.Records.Length) is { } refusal)
            {
                _broken = new StoreException(refusal);
                return ValueTask.FromException(_broken);
            }
            FileAppend pending = _services.Appends.Rent();
            completed = pending.Begin(batch, publisher, sequence, lowest, epoch, _services.Metrics?.AppendStart ?? 0);
            _waitingBytes += BatchHeader.SizeOf(batch.Count, batch.IsDeferred) + batch.Records.Length;
            _waiting.Add(pending);
        }
        if (batch.Records.Length <= MostWrittenByCaller && !_services.SyncsEachWrite && !_services.Syncer.IsSyncing)
            _services.Writer.WriteOrPost(this);
        else
            _services.Writer.Post(this);
        return completed;
    }

    /// <summary>Why so many bytes would not be taken (<see cref="ITopicLog.Refusal"/>).</summary>
    public string? Refusal(int bytes)
    {
        lock (_lock)
            return RefusalInLock(bytes);
    }

    /// <summary>Why an opening may not write any more; null when it may.</summary>
    public FencedException? Verify(long epoch)
    {
        lock (_lock)
            return Refused(epoch);
    }

    /// <summary>
    /// Goes on in a new segment when the one that is written holds much, and nothing but offsets below one: so it can be trimmed. Called on
    /// the writer thread.
    /// </summary>
    public void RollWhenBelow(long below)
    {
        long end = _segments.End;
        if (!IsWorthRolling(below) || _active!.Place.BaseOffset >= end)
            return;
        Roll(end);
        _segments.SealAllButLast();
        _services.Syncer.SyncLater(_sync);
    }

    /// <summary>Whether <see cref="RollWhenBelow"/> would do anything.</summary>
    public bool IsWorthRolling(long below)
    {
        const long WorthRolling = 4 << 20;
        return _segments.IsLastBelow(below, Math.Min(WorthRolling, MaxSegmentBytes / 2));
    }

    /// <inheritdoc/>
    public override bool IsQuick
    {
        get
        {
            lock (_lock)
            {
                return !_needsRepair && _reservation.Covers(_assigned)
                    && _active is { IsSealed: false } && _writePosition + _waitingBytes <= MaxSegmentBytes;
            }
        }
    }

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
            foreach (FileAppend append in _writing)
                append.Header = BatchHeader.Of(append.Batch, append.Epoch, append.Publisher, append.Sequence, append.Lowest);
            if (_reservation.Ensure(_writing[^1].Batch.EndOffset))
                _sync.ReserveSoon();
            while (done < _writing.Count)
                WriteRun(ref done);
            _services.Metrics?.Written(start);
        }
        catch (Exception e)
        {
            failure = _services.Fail($"cannot write topic {_folder.Name}", e);
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
        List<FileAppend> appends = [.. _written, .. _writing];
        _written.Clear();
        _writing.Clear();
        Break(_services.Fail($"cannot write topic {_folder.Name}", e), appends);
        Repair();
    }

    /// <summary>Finds where the log goes on, and which publishes are in it.</summary>
    private void Recover()
    {
        List<Segment> segments = _segments.All();
        foreach (Segment segment in segments)
        {
            foreach ((long publisher, SequenceWindow window) in segment.Index.Sequences.OrderBy(pair => pair.Key))
                _sequences.Add(publisher, window);
        }
        _active = segments.LastOrDefault();
        _writePosition = _active?.Index.Length ?? 0;
        long end = _segments.End;
        if (_reservation.CleanEnd is { } cleanEnd && cleanEnd >= end && !_reservation.IsDamaged)
        {
            _assigned = cleanEnd;
        }
        else if (_reservation.IsDamaged || (_reservation.Reserved == 0 && end > 0))
        {
            // What was reserved is not known, but never more than this ahead of what was written.
            _assigned = Math.Max(_reservation.Reserved, end) + 2 * OffsetReservation.Block;
            _services.Log.ReservationDamaged(DataPath.Offsets(_folder.Directory), _assigned);
        }
        else
        {
            _assigned = Math.Max(_reservation.Reserved, end);
            if (_assigned > end)
                _services.Log.OffsetsJumped(_folder.Name, _assigned, _assigned - end);
        }
        if (segments.Exists(segment => segment.IsDirty))
            _services.Syncer.SyncLater(_sync);
    }

    private List<FileAppend> TakeWaitingInLock()
    {
        List<FileAppend> waiting = _waiting;
        _waiting = [];
        _waitingBytes = 0;
        return waiting;
    }

    private FencedException? Refused(long epoch) =>
        _folder.IsDeleted ? _folder.Gone()
        : epoch != _epoch ? new FencedException($"topic {_folder.Name} was opened by another or closed")
        : null;

    private string? RefusalInLock(int bytes)
    {
        long limit = _services.Options.MaxTopicBytes;
        return limit > 0 && _waitingBytes + _segments.Bytes + bytes + BatchHeader.FixedSize > limit
            ? $"topic {_folder.Name} is full: it may take {limit} bytes on disk"
            : null;
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
            FileAppend append = _writing[next];
            if (active is null || active.IsSealed || (position > FileHeader.Size && position + append.Header.Size > MaxSegmentBytes))
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
            _segments.MarkDirty(active!);
        }
        _writePosition = position;
        done = next;
    }

    private Segment Roll(long baseOffset)
    {
        Segment segment = _folder.CreateSegment(baseOffset);
        _segments.Add(segment);
        _active = segment;
        _writePosition = FileHeader.Size;
        return segment;
    }

    private void CommitWritten()
    {
        bool syncNow;
        lock (_lock)
        {
            syncNow = _segments.Commit(_written, _services.SyncsEachWrite ? 0 : _services.Options.SyncEvery);
            foreach (FileAppend append in _written)
            {
                _waitingBytes = Math.Max(0, _waitingBytes - append.Header.Size);
                if (append.Publisher != 0)
                    _sequences.Add(append.Publisher, append.Sequence, append.Lowest);
            }
        }
        _services.Health.Heal();
        if (_services.Metrics is { } metrics)
        {
            long bytes = 0;
            long messages = 0;
            foreach (FileAppend append in _written)
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
        foreach (FileAppend append in _written)
            append.Complete();
    }

    private StoreException? SyncWritten()
    {
        try
        {
            _sync.SyncDirty();
            return null;
        }
        catch (Exception e)
        {
            // After a failed fsync nobody knows what is on the device, so what it was for is taken back.
            _needsRepair = true;
            return _services.Fail($"cannot sync topic {_folder.Name}", e);
        }
    }

    /// <summary>Fails appends and all that come until the topic is opened again.</summary>
    private void Break(StoreException failure, IReadOnlyList<FileAppend> appends)
    {
        List<FileAppend> waiting;
        lock (_lock)
        {
            _broken = failure;
            waiting = TakeWaitingInLock();
        }
        foreach (FileAppend append in appends)
            append.Fail(failure);
        foreach (FileAppend append in waiting)
            append.Fail(failure);
    }

    /// <summary>
    /// Cuts off what was written and not committed, or leaves that segment behind when even this fails. That may be more than the active
    /// segment: whatever was begun since the last commit is not sealed.
    /// </summary>
    private void Repair()
    {
        _needsRepair = false;
        foreach (Segment segment in _segments.Unsealed())
        {
            try
            {
                segment.File.Truncate(segment.Index.Length);
                _segments.MarkDirty(segment);
            }
            catch (Exception e)
            {
                _services.Fail($"cannot cut {segment.Path} back", e);
                _segments.Seal(segment);
            }
        }
        _writePosition = _active?.Index.Length ?? 0;
    }
}
