namespace Broker.Storage.Files;

/// <summary>The segments of a topic in order, the last of which is written, and what of them is committed.</summary>
/// <remarks>
/// May be used from any thread. One lock guards the list and what each segment says of itself; it is never held during I/O, and no other
/// lock is taken under it. Segments are added, committed and sealed on the writer thread alone.
/// </remarks>
internal sealed class SegmentList
{
    private readonly Lock _lock = new();
    private readonly List<Segment> _segments;
    private readonly ReadCursors _cursors = new();
    private readonly HashSet<(long Segment, long Position)> _reportedDamage = [];
    private long _end;
    private long _unsynced;
    private bool _isDirectoryDirty;

    public SegmentList(List<Segment> segments)
    {
        _segments = segments;
        _end = segments.Count > 0 ? segments[^1].Index.End : 0;
    }

    /// <summary>First offset that is still kept.</summary>
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

    /// <summary>One past the last offset that is committed.</summary>
    public long End => Volatile.Read(ref _end);

    /// <summary>Bytes that are committed.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                long bytes = 0;
                foreach (Segment segment in _segments)
                    bytes += segment.Index.Length;
                return bytes;
            }
        }
    }

    /// <summary>All segments, as of now.</summary>
    public List<Segment> All()
    {
        lock (_lock)
            return [.. _segments];
    }

    /// <summary>The segments that may hold what is not committed.</summary>
    public List<Segment> Unsealed()
    {
        lock (_lock)
            return _segments.FindAll(segment => !segment.IsSealed);
    }

    /// <summary>Adds one that is to be written from now on.</summary>
    public void Add(Segment segment)
    {
        lock (_lock)
        {
            _segments.Add(segment);
            _isDirectoryDirty = true;
        }
    }

    /// <summary>Notes that a file was changed. Only after the change: a sync that runs beside it may or may not have seen it.</summary>
    public void MarkDirty(Segment segment)
    {
        lock (_lock)
            segment.IsDirty = true;
    }

    /// <summary>Leaves a segment behind: nothing is appended to it any more.</summary>
    public void Seal(Segment segment)
    {
        lock (_lock)
            segment.IsSealed = true;
    }

    /// <summary>Leaves all behind but the last.</summary>
    public void SealAllButLast()
    {
        lock (_lock)
            SealAllButLastInLock();
    }

    /// <summary>Lets readers see what was written. What lies before the last segment is sealed.</summary>
    /// <param name="written">Appends in order, at least one.</param>
    /// <param name="syncEvery">Messages that may be committed without a sync; 0 for any number.</param>
    /// <returns>Whether a sync is called for before its interval is over.</returns>
    public bool Commit(List<FileAppend> written, long syncEvery)
    {
        lock (_lock)
        {
            foreach (FileAppend append in written)
            {
                append.Segment.Index.Add(append.Header, append.Position);
                _unsynced += append.Header.Count;
            }
            Volatile.Write(ref _end, written[^1].Header.EndOffset);
            SealAllButLastInLock();
            return (_segments.Count > 1 && !_segments[^2].IsIndexed) || (syncEvery > 0 && _unsynced >= syncEvery);
        }
    }

    /// <summary>Whether the last segment is larger than something and holds nothing but offsets below one.</summary>
    public bool IsLastBelow(long below, long bytes)
    {
        lock (_lock)
            return _segments.Count > 0 && _segments[^1].Index is { } index && index.End <= below && index.Length > bytes;
    }

    /// <summary>Takes the segments out that hold only offsets below one; the last one stays.</summary>
    public List<Segment> Trim(long below)
    {
        List<Segment> trimmed = [];
        lock (_lock)
        {
            while (_segments.Count > 1 && _segments[0].IsSealed && _segments[0].Index.End <= below)
            {
                _segments[0].IsRemoved = true;
                trimmed.Add(_segments[0]);
                _segments.RemoveAt(0);
            }
        }
        return trimmed;
    }

    /// <summary>Takes what is to be synced now; until it is given back it counts as synced.</summary>
    /// <param name="isOneByOne">Whether each is synced by itself; else those are left out of which only that tells whether they are on the device.</param>
    public DirtySegments TakeDirty(bool isOneByOne)
    {
        lock (_lock)
        {
            List<DirtySegment> dirty = [.. _segments.Where(segment => segment.IsDirty && (isOneByOne || !(segment.MustRewrite || segment.IsDoubtful)))
                .Select(static segment => new DirtySegment(segment, segment.SyncedLength, segment.Index.Length, segment.MustRewrite))];
            dirty.ForEach(static one => one.Segment.IsDirty = false);
            bool isDirectoryDirty = _isDirectoryDirty;
            _isDirectoryDirty = false;
            _unsynced = 0;
            return new DirtySegments(dirty, isDirectoryDirty);
        }
    }

    /// <summary>Gives back what could not be synced.</summary>
    public void PutBack(in DirtySegments dirty)
    {
        lock (_lock)
        {
            foreach (DirtySegment one in dirty.Segments)
            {
                one.Segment.IsDirty = true;
                one.Segment.MustRewrite = true;
            }
            _isDirectoryDirty |= dirty.IsDirectoryDirty;
        }
    }

    /// <summary>Notes that what was taken is on the device.</summary>
    public void MarkSynced(in DirtySegments dirty)
    {
        lock (_lock)
        {
            foreach (DirtySegment one in dirty.Segments)
            {
                one.Segment.SyncedLength = Math.Max(one.Segment.SyncedLength, one.Length);
                one.Segment.MustRewrite &= !one.MustRewrite;
                one.Segment.IsDoubtful = false;
            }
        }
    }

    /// <summary>Indexes that are to be written beside their segments, which are sealed and synced.</summary>
    public List<(Segment Segment, byte[] Index)> Unindexed()
    {
        lock (_lock)
        {
            return [.. _segments.Where(segment => segment.IsSealed && !segment.IsIndexed && !segment.IsDirty)
                .Select(segment => (segment, segment.Index.Write()))];
        }
    }

    /// <summary>Notes that the index beside a segment says all.</summary>
    public void MarkIndexed(Segment segment)
    {
        lock (_lock)
            segment.IsIndexed = true;
    }

    /// <summary>The last segment and its index as bytes; null when there is none.</summary>
    public (Segment Segment, byte[] Index)? Last()
    {
        lock (_lock)
            return _segments.Count > 0 ? (_segments[^1], _segments[^1].Index.Write()) : null;
    }

    /// <summary>Where to read offsets from <paramref name="from"/> on, at most a few segments.</summary>
    /// <param name="from">First offset.</param>
    /// <param name="to">One past the last.</param>
    /// <param name="seen">One past the last offset that the parts hold or that is not in the log.</param>
    public List<SegmentPart> Locate(long from, ref long to, out long seen)
    {
        const int MaxSegments = 4;
        List<SegmentPart> parts = [];
        lock (_lock)
        {
            to = Math.Min(to, _end);
            seen = Math.Max(from, to);
            for (int i = FirstEndingAfter(from); i < _segments.Count && _segments[i].Place.BaseOffset < to; i++)
            {
                Segment segment = _segments[i];
                if (parts.Count == MaxSegments)
                {
                    seen = parts[^1].Segment.Index.End;
                    break;
                }
                parts.Add(new SegmentPart(segment, _cursors.Find(segment, from) ?? segment.Index.MarkFor(from).Position, segment.Index.Length));
            }
        }
        return parts;
    }

    /// <summary>Remembers where the batches from an offset on stand, for the read that goes on there.</summary>
    public void SetCursor(Segment segment, long offset, long position)
    {
        lock (_lock)
            _cursors.Set(segment, offset, position);
    }

    /// <summary>Where deferred batches lie that have offsets in a range.</summary>
    public List<SegmentPart> LocateDeferred(long from, long to)
    {
        List<SegmentPart> parts = [];
        lock (_lock)
        {
            for (int i = FirstEndingAfter(from); i < _segments.Count && _segments[i].Place.BaseOffset < to; i++)
            {
                foreach (FileRange range in _segments[i].Index.DeferredIn(from, to))
                    parts.Add(new SegmentPart(_segments[i], range.Position, range.Position + range.Length));
            }
        }
        return parts;
    }

    /// <summary>Counts the messages below an offset as far as no file need be read.</summary>
    /// <param name="offset">One past the last offset that counts.</param>
    /// <param name="rest">What is to be walked besides, up to the offset; null when the count is complete.</param>
    public LogCount CountBelow(long offset, out SegmentPart? rest)
    {
        LogCount count = default;
        rest = null;
        lock (_lock)
        {
            foreach (Segment segment in _segments)
            {
                if (segment.Index.End <= offset)
                {
                    count = LogCounts.Plus(count, segment.Index.Total);
                    continue;
                }
                (long markOffset, long position, LogCount before) = segment.Index.MarkFor(offset);
                if (offset > markOffset)
                    rest = new SegmentPart(segment, position, segment.Index.Length);
                return LogCounts.Plus(count, before);
            }
        }
        return count;
    }

    /// <summary>Whether the records of the batch at a position are known to be damaged.</summary>
    public bool IsDamaged(Segment segment, long position)
    {
        lock (_lock)
            return segment.Index.IsDamaged(position);
    }

    /// <summary>Whether damage was not reported yet; from now on it is.</summary>
    public bool IsNewDamage(Segment segment, long position)
    {
        lock (_lock)
            return _reportedDamage.Add((segment.Place.BaseOffset, position));
    }

    /// <summary>A batch was found damaged that was intact before: it no longer counts.</summary>
    public void TakeBack(Segment segment, in BatchHeader header, long position)
    {
        lock (_lock)
        {
            if (segment.Index.TakeBack(header, position))
                segment.IsIndexed = false;
        }
    }

    private void SealAllButLastInLock()
    {
        for (int i = 0; i < _segments.Count - 1; i++)
            _segments[i].IsSealed = true;
    }

    private int FirstEndingAfter(long offset)
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
}
