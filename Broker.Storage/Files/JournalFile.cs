using System.Buffers;
using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>
/// The file of a channel's journal, where kept messages stand in it, and how much of it is on the device. It is made with the first block.
/// </summary>
/// <remarks>
/// The lock guards what the fields say; it is never held during I/O, and no other is taken under it. One thread at a time changes the file:
/// the writer, or who opens the channel, while nothing is noted.
/// </remarks>
/// <param name="services">What the store shares.</param>
/// <param name="channel">The channel, for messages.</param>
/// <param name="path">The file.</param>
/// <param name="isDoubtful">Whether what is there was left by an unclean end (<see cref="Segment.IsDoubtful"/>).</param>
internal sealed class JournalFile(StoreServices services, string channel, string path, bool isDoubtful)
{
    private const long CompactFrom = 64 << 10;
    private const int CompactFactor = 4;

    private readonly Lock _lock = new();
    private IStorageFile? _file;
    private SortedOffsets<long>? _kept;
    private long _length;
    private long _snapshotLength;
    private long _syncedLength;
    private bool _isDirty;
    private bool _isDirectoryDirty;
    private bool _isSyncing;
    private bool _mustRewrite;
    private bool _isDoubtful;
    private TakenJournal _taken;

    public string Path => path;

    /// <summary>Path of what is written to take its place.</summary>
    public string TemporaryPath => path + DataPath.TemporarySuffix;

    /// <summary>The incarnation that the file is of; 0 when it was not opened.</summary>
    public long Incarnation { get; private set; }

    /// <summary>Whether something is written that is not on the device yet.</summary>
    public bool IsUnsynced
    {
        get
        {
            lock (_lock)
                return _isDirty || _isSyncing;
        }
    }

    /// <summary>Whether there is anything for a sync to do.</summary>
    public bool NeedsSync
    {
        get
        {
            lock (_lock)
                return _isDirty || _isDirectoryDirty;
        }
    }

    /// <summary>The file and its length, when it has grown to several times what it amounts to.</summary>
    public (IStorageFile File, long Length)? Grown =>
        _file is not null && _length > Math.Max(CompactFrom, CompactFactor * _snapshotLength) ? (_file, _length) : null;

    /// <summary>Opens the file for an incarnation and reads it; null when there is none, or only an older one, which is removed.</summary>
    /// <exception cref="FencedException">It is of a newer incarnation.</exception>
    public ProgressState? Load(long incarnation)
    {
        services.Files.Delete(TemporaryPath);
        if (_file is null && !TryOpen(incarnation))
        {
            Incarnation = incarnation;
            return null;
        }
        Incarnation = incarnation;
        JournalReplay replay = JournalReplay.Of(
            _file!, incarnation, _length, damaged => services.Log.JournalDamaged(path, damaged.Position, damaged.Length));
        if (replay.End < _length)
        {
            services.Log.JournalCut(path, replay.End, _length - replay.End);
            _file!.Truncate(replay.End);
            _length = replay.End;
        }
        lock (_lock)
            _kept = replay.Kept.Count > 0 ? replay.Kept : null;
        _snapshotLength = Math.Max(_snapshotLength, FileHeader.Size);
        return replay.State;
    }

    /// <summary>The incarnation of the file on disk; null when there is none, or its beginning is damaged.</summary>
    public long? ReadIncarnation()
    {
        if (!services.Files.FileExists(path))
            return null;
        using IStorageFile file = services.Files.Open(path);
        return FileHeader.Read(file, FileHeader.Journal, path)?.Identity;
    }

    /// <summary>Appends a block.</summary>
    public void Append(in JournalPayload payload)
    {
        IStorageFile file = _file ?? Create();
        ReadOnlyMemory<byte> entries = payload.Bytes.AsMemory(0, payload.Length);
        file.Write([JournalBlock.Header(entries.Span, Incarnation, _length), entries], _length);
        lock (_lock)
        {
            if (payload.KeptOffset is { } offset)
                (_kept ??= new SortedOffsets<long>()).Set(offset, _length);
            _length += JournalBlock.HeaderSize + payload.Length;
            // Only now: a sync that runs beside the write may or may not have seen it.
            _isDirty = true;
        }
    }

    /// <summary>Whether there is a kept message of this offset.</summary>
    public bool IsKept(long offset)
    {
        lock (_lock)
            return _kept is not null && _kept.TryGet(offset, out _);
    }

    /// <summary>Kept messages are finished.</summary>
    public void Forget(long start, long end)
    {
        lock (_lock)
            _kept?.Remove(start, end);
    }

    /// <summary>Reads a kept message; null when it was finished meanwhile.</summary>
    /// <exception cref="StoreException">It is damaged.</exception>
    public MessageBatch? ReadKept(long offset)
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
                if (JournalReplay.ReadKept(file, Incarnation, position, limit, offset) is { } message)
                    return message;
            }
            catch (ObjectDisposedException)
            {
                // Replaced just now.
            }
        }
        throw new StoreException($"message {offset} of {channel} is damaged in {path}");
    }

    /// <summary>Removes the file; returns whether there was one.</summary>
    public bool Remove()
    {
        _file?.Dispose();
        _file = null;
        _length = 0;
        _snapshotLength = 0;
        Incarnation = 0;
        lock (_lock)
        {
            _kept = null;
            _isDirty = false;
        }
        if (!services.Files.FileExists(path))
            return false;
        services.Files.Delete(path);
        lock (_lock)
            _isDirectoryDirty = true;
        return true;
    }

    /// <summary>
    /// Puts a snapshot in the journal's place, with what was written since: what is on the device of the old one must be so of the new one. Not
    /// while a sync is under way.
    /// </summary>
    /// <param name="snapshot">What the journal amounts to up to <paramref name="limit"/>.</param>
    /// <param name="file">The file that it was made of.</param>
    /// <param name="limit">Bytes of it that are in the snapshot.</param>
    /// <returns>False when the journal has another file by now.</returns>
    public bool TryReplace(JournalSnapshot snapshot, IStorageFile file, long limit)
    {
        if (_file != file)
            return false;
        long snapshotLength = snapshot.Length;
        snapshot.AddBlocks(file, limit, _length);
        if (_syncedLength > limit)
            snapshot.Sync();
        snapshot.Dispose();
        services.Files.Rename(TemporaryPath, path);
        file.Dispose();
        IStorageFile opened = services.Files.Open(path);
        lock (_lock)
        {
            SortedOffsets<long> kept = new();
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
        return true;
    }

    /// <summary>Brings what was written to the device. One sync at a time.</summary>
    public void Sync()
    {
        Take(isByItself: true);
        bool isSynced = false;
        try
        {
            if (_taken.MustRewrite)
                FailedSync.WriteAgain(_taken.File!, 0, _taken.Length);
            _taken.File?.Sync();
            if (_taken.IsDirectoryDirty)
                services.Files.SyncDirectory(System.IO.Path.GetDirectoryName(path)!);
            isSynced = true;
        }
        finally
        {
            Settle(isSynced);
        }
    }

    /// <summary>Takes what is to be synced now; until it is settled nothing else is. One sync at a time.</summary>
    /// <param name="isByItself">Whether the file is synced by itself; else it is left out where only that tells whether it is on the device.</param>
    public void Take(bool isByItself)
    {
        lock (_lock)
        {
            bool takesFile = _isDirty && (isByItself || !(_mustRewrite || _isDoubtful));
            _taken = new TakenJournal(takesFile ? _file : null, _length, _isDirectoryDirty, takesFile && _mustRewrite && _file is not null);
            _isDirty &= !takesFile;
            _isDirectoryDirty = false;
            _isSyncing = true;
        }
    }

    /// <summary>Ends what <see cref="Take"/> began.</summary>
    public void Settle(bool isSynced)
    {
        lock (_lock)
        {
            TakenJournal taken = _taken;
            _taken = default;
            _isSyncing = false;
            if (isSynced)
            {
                _mustRewrite &= !taken.MustRewrite;
                _isDoubtful &= taken.File is null;
                if (taken.File is not null && taken.File == _file)
                    _syncedLength = Math.Max(_syncedLength, taken.Length);
                return;
            }
            _isDirty = true;
            _mustRewrite = true;
            _isDirectoryDirty |= taken.IsDirectoryDirty;
        }
    }

    /// <summary>Releases the handle.</summary>
    public void Dispose() => _file?.Dispose();

    private bool TryOpen(long incarnation)
    {
        if (!services.Files.FileExists(path))
            return false;
        long? found = ReadIncarnation();
        if (found > incarnation)
            throw new FencedException($"{channel} was made anew");
        IStorageFile file = services.Files.Open(path);
        long length = file.Length;
        if (found < incarnation || length <= FileHeader.Size)
        {
            file.Dispose();
            services.Files.Delete(path);
            return false;
        }
        if (found is null)
            services.Log.JournalDamaged(path, 0, FileHeader.Size);
        _file = file;
        _length = length;
        // A process that was killed may have left in the cache what it had not synced yet.
        _isDirty = true;
        _isDoubtful = isDoubtful;
        return true;
    }

    private IStorageFile Create()
    {
        IStorageFile file = services.Files.Create(path);
        try
        {
            file.Write([new FileHeader(0, Incarnation).Write(FileHeader.Journal)], 0);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        lock (_lock)
        {
            _file = file;
            _length = FileHeader.Size;
            _syncedLength = 0;
            _isDirectoryDirty = true;
        }
        return file;
    }
}
