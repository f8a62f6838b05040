namespace Broker.Storage.Files;

/// <summary>The folder of one generation of a topic: makes it, reads it, and removes it.</summary>
/// <remarks>
/// May be used from any thread, and nearly every member blocks. What must not happen at once (saving the record, deleting) is ordered by
/// <see cref="FileTopic.Gate"/>.
/// </remarks>
internal sealed class TopicFolder
{
    private readonly StoreServices _services;
    private volatile bool _isLeaving;
    private volatile bool _isDeleted;

    private TopicFolder(StoreServices services, string name, int generation)
    {
        _services = services;
        Name = name;
        Directory = services.Path.Topic(name);
        Generation = generation;
    }

    /// <summary>The topic.</summary>
    public string Name { get; }

    /// <summary>Path of the folder.</summary>
    public string Directory { get; }

    /// <summary>The topic's generation.</summary>
    public int Generation { get; }

    /// <summary>Whether the files may be gone: the topic is being deleted, or was.</summary>
    public bool IsLeaving => _isLeaving;

    /// <summary>Whether the topic was deleted.</summary>
    public bool IsDeleted => _isDeleted;

    private string Aside => Path.Combine(_services.Path.Deleted, $"{DataPath.Escape(Name)}-{Generation}");

    /// <summary>Makes a topic's folder; it is on the device when this returns.</summary>
    public static TopicFolder Create(StoreServices services, string name, TopicRecord record)
    {
        IStorageFiles files = services.Files;
        TopicFolder folder = new(services, name, services.Store.NextGeneration());
        if (files.DirectoryExists(folder.Directory))
            folder.ClearAway();
        files.CreateDirectory(folder.Directory);
        files.CreateDirectory(DataPath.Channels(folder.Directory));
        folder.SaveRecord(record);
        files.SyncDirectory(services.Path.Topics);
        return folder;
    }

    /// <summary>Finds a topic's folder and its record; null when there is no such topic.</summary>
    public static TopicFolder? Find(StoreServices services, string name, out TopicRecord record)
    {
        string directory = services.Path.Topic(name);
        record = null!;
        if (!services.Files.DirectoryExists(directory) || RecordDocument.Read(services.Files, DataPath.Record(directory)) is not { } document)
            return null;
        record = document.Record;
        return new TopicFolder(services, name, document.Generation);
    }

    /// <summary>What those are told who still have a deleted topic.</summary>
    public FencedException Gone() => new($"topic {Name} was deleted");

    /// <summary>Replaces the topic's record.</summary>
    public void SaveRecord(TopicRecord record) =>
        new RecordDocument { Generation = Generation, Record = record }.Write(_services.Files, DataPath.Record(Directory));

    /// <summary>Opens the segments and repairs what an unclean end left of them.</summary>
    /// <param name="areSynced">Whether all of them are on the device for certain.</param>
    public List<Segment> OpenSegments(bool areSynced)
    {
        List<long> bases = [];
        foreach (string file in _services.Files.Files(Directory))
        {
            if (DataPath.SegmentBase(file) is { } offset)
                bases.Add(offset);
            else if (file.EndsWith(DataPath.TemporarySuffix, StringComparison.Ordinal))
                _services.Files.Delete(Path.Combine(Directory, file));
        }
        List<Segment> segments = [];
        try
        {
            for (int i = 0; i < bases.Count; i++)
            {
                SegmentPlace place = new(Generation, bases[i]);
                segments.Add(Segment.Open(_services.Files, Directory, place, isLast: i == bases.Count - 1, areSynced, _services.Log));
            }
        }
        catch
        {
            segments.ForEach(segment => segment.Dispose());
            throw;
        }
        RemoveStillborn(segments);
        return segments;
    }

    /// <summary>Makes an empty segment.</summary>
    public Segment CreateSegment(long baseOffset) =>
        Segment.Create(_services.Files, Directory, new SegmentPlace(Generation, baseOffset));

    /// <summary>Writes the index beside a segment, which must be synced.</summary>
    public void WriteIndex(Segment segment, byte[] index)
    {
        PrepareIndex(segment, index, sync: true);
        PlaceIndex(segment, sync: true);
    }

    /// <summary>First half of <see cref="WriteIndex"/>: what <see cref="PlaceIndex"/> puts in its place.</summary>
    public void PrepareIndex(Segment segment, byte[] index, bool sync) => Segment.WriteIndex(_services.Files, Directory, segment.Place, index, sync);

    /// <summary>Second half of <see cref="WriteIndex"/>.</summary>
    public void PlaceIndex(Segment segment, bool sync)
    {
        SealedFile.Place(_services.Files, DataPath.Index(Directory, segment.Place.BaseOffset));
        if (sync)
            Sync();
    }

    /// <summary>Removes a segment and its index.</summary>
    public void Remove(Segment segment)
    {
        segment.Dispose();
        _services.Files.Delete(segment.Path);
        _services.Files.Delete(DataPath.Index(Directory, segment.Place.BaseOffset));
    }

    /// <summary>Returns when the names of segments that were made are on the device.</summary>
    public void Sync() => _services.Files.SyncDirectory(Directory);

    /// <summary>Deletes the topic: from here on a start finds none. What is in the folder goes with <see cref="Clear"/>.</summary>
    public void Delete()
    {
        _isLeaving = true;
        try
        {
            _services.Files.Rename(Directory, Aside);
        }
        catch
        {
            _isLeaving = false;
            throw;
        }
        _isDeleted = true;
    }

    /// <summary>Removes what <see cref="Delete"/> left, whose files are closed by <paramref name="close"/> first.</summary>
    public void Clear(Action close)
    {
        _services.Files.SyncDirectory(_services.Path.Topics);
        close();
        _services.Files.DeleteDirectory(Aside);
    }

    /// <summary>Removes what a crash while the topic was made left; anything else that is no topic is moved aside.</summary>
    private void ClearAway()
    {
        if (_services.Files.Files(Directory).All(file => file.EndsWith(DataPath.TemporarySuffix, StringComparison.Ordinal)))
        {
            _services.Files.DeleteDirectory(Directory);
            return;
        }
        string aside = Path.Combine(_services.Path.Aside, $"{Path.GetFileName(Directory)}-{Generation}");
        _services.Files.Rename(Directory, aside);
        _services.Log.MovedAside(Directory, aside);
    }

    /// <summary>
    /// Removes segments that could not be begun for want of room, after which the log went on in the one before: nothing is in them, and their
    /// place in the order is wrong.
    /// </summary>
    private void RemoveStillborn(List<Segment> segments)
    {
        long end = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            Segment segment = segments[i];
            if (segment.Index.First is null && segment.Place.BaseOffset < end)
            {
                Remove(segment);
                segments.RemoveAt(i--);
                continue;
            }
            end = Math.Max(end, segment.Index.End);
        }
    }
}
