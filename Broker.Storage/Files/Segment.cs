namespace Broker.Storage.Files;

/// <summary>One file of a topic's log.</summary>
/// <remarks>Its state is guarded by the lock of its topic; the file itself is read and written without it.</remarks>
internal sealed class Segment : IDisposable
{
    private const ulong IndexMagic = 0x00584449_47455342; // "BSEGIDX"
    private const int IndexVersion = 2;
    private const int ScanChunk = 1 << 20;

    private Segment(string path, SegmentPlace place, IStorageFile file, SegmentIndex index)
    {
        Path = path;
        Place = place;
        File = file;
        Index = index;
    }

    public string Path { get; }

    public SegmentPlace Place { get; }

    public IStorageFile File { get; }

    /// <summary>What it contains, as far as it is committed.</summary>
    public SegmentIndex Index { get; }

    /// <summary>Whether something was written that no fsync followed yet.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Up to here all is on the device.</summary>
    public long SyncedLength { get; set; }

    /// <summary>
    /// Whether an fsync failed. The operating system may then hold the pages for clean although they never reached the device, so what is
    /// not synced must be written again before the next fsync means anything.
    /// </summary>
    public bool MustRewrite { get; set; }

    /// <summary>
    /// Whether it was left by an unclean end: an earlier process may have been told of a failure that only its own fsync tells again.
    /// </summary>
    public bool IsDoubtful { get; set; }

    /// <summary>Whether it was trimmed, so that nobody needs it any more.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Whether nothing is appended any more, so that its index is to be kept beside it.</summary>
    public bool IsSealed { get; set; }

    /// <summary>Whether the index beside it says all.</summary>
    public bool IsIndexed { get; set; }

    /// <summary>Makes an empty one.</summary>
    public static Segment Create(IStorageFiles files, string topic, SegmentPlace place)
    {
        string path = DataPath.Segment(topic, place.BaseOffset);
        IStorageFile file = files.Create(path);
        try
        {
            file.Write([new FileHeader(place.Generation, place.BaseOffset).Write(FileHeader.Segment)], 0);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        return new Segment(path, place, file, new SegmentIndex(place.BaseOffset)) { IsDirty = true };
    }

    /// <summary>Opens an existing one: reads the index beside it and walks what that does not cover.</summary>
    /// <param name="files">The file system.</param>
    /// <param name="topic">Directory of the topic.</param>
    /// <param name="place">Which segment.</param>
    /// <param name="isLast">Whether it is the topic's last, whose damaged end may be what a crash left and is cut off.</param>
    /// <param name="isSynced">Whether all of it is on the device for certain.</param>
    /// <param name="report">Is told of what is damaged.</param>
    public static Segment Open(IStorageFiles files, string topic, SegmentPlace place, bool isLast, bool isSynced, StorageLog report)
    {
        string path = DataPath.Segment(topic, place.BaseOffset);
        IStorageFile file = files.Open(path);
        try
        {
            long length = file.Length;
            SegmentIndex? indexed = ReadIndex(files, DataPath.Index(topic, place.BaseOffset), place, length, report);
            Segment segment = new(path, place, file, indexed ?? new SegmentIndex(place.BaseOffset))
            {
                IsSealed = !isLast,
                IsIndexed = indexed is not null && indexed.Length == length,
            };
            segment.SyncedLength = segment.Index.Length;
            if (!segment.IsIndexed)
            {
                // A process that was killed may have left in the cache what it had not synced yet.
                segment.IsDirty = segment.IsDoubtful = !isSynced;
                segment.Scan(files, length, isLast, report);
                if (!segment.IsDirty)
                    segment.SyncedLength = segment.Index.Length;
            }
            return segment;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the index of a segment, which must be synced when the index takes its place (<see cref="SealedFile.Place"/>): what it covers is not
    /// looked at again.
    /// </summary>
    public static void WriteIndex(IStorageFiles files, string topic, SegmentPlace place, byte[] index, bool sync)
    {
        byte[] content = new byte[index.Length + 12];
        BitConverter.TryWriteBytes(content, place.Generation);
        BitConverter.TryWriteBytes(content.AsSpan(4), place.BaseOffset);
        index.CopyTo(content, 12);
        SealedFile.Prepare(files, DataPath.Index(topic, place.BaseOffset), IndexMagic, IndexVersion, content, sync);
    }

    public void Dispose() => File.Dispose();

    private static SegmentIndex? ReadIndex(IStorageFiles files, string path, SegmentPlace place, long length, StorageLog report)
    {
        try
        {
            byte[]? content = SealedFile.Read(files, path, IndexMagic, IndexVersion, out int version);
            if (content is null || BitConverter.ToInt32(content) != place.Generation || BitConverter.ToInt64(content, 4) != place.BaseOffset)
                return null;
            SegmentIndex index = SegmentIndex.Read(content.AsSpan(12), version);
            return index.Length <= length ? index : null;
        }
        catch (StoreException e)
        {
            // The index only repeats what the segment says: without it the segment is walked.
            report.IndexUnusable(e.Message);
            return null;
        }
    }

    private void Scan(IStorageFiles files, long length, bool isLast, StorageLog report)
    {
        if (Index.Length == FileHeader.Size)
        {
            FileHeader whole = new(Place.Generation, Place.BaseOffset);
            if (FileHeader.Read(File, FileHeader.Segment, Path) != whole)
            {
                report.DamagedSegmentHeader(Path);
                if (length <= FileHeader.Size)
                {
                    // Nothing but its name had reached the device.
                    File.Write([whole.Write(FileHeader.Segment)], 0);
                    IsDirty = true;
                    return;
                }
            }
        }
        long good = Index.Length;
        using BatchWalker walker = new(File, Place, good, length, ScanChunk);
        while (walker.MoveNext())
        {
            if (walker.Header.BaseOffset < Index.End)
                continue;
            if (!walker.AreRecordsIntact())
            {
                Index.AddDamaged(walker.Position);
                continue;
            }
            if (walker.Position > good)
                report.DamagedBytes(Path, good, walker.Position - good);
            Index.Add(walker.Header, walker.Position);
            good = walker.Next;
        }
        if (good == length)
            return;
        if (isLast)
        {
            CutOff(files, good, length, report);
        }
        else
        {
            report.DamagedBytes(Path, good, length - good);
            Index.Skip(length);
        }
    }

    private void CutOff(IStorageFiles files, long good, long length, StorageLog report)
    {
        int number = 1;
        while (files.FileExists($"{Path}.torn-{number}"))
            number++;
        string torn = $"{Path}.torn-{number}";
        try
        {
            using IStorageFile aside = files.Create(torn);
            byte[] buffer = new byte[(int)Math.Min(length - good, ScanChunk)];
            for (long position = good; position < length;)
            {
                int read = File.Read(buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position)), position);
                if (read == 0)
                    break;
                aside.Write([buffer.AsMemory(0, read)], position - good);
                position += read;
            }
            aside.Sync();
        }
        catch (IOException e)
        {
            // Without room for a copy the bytes stay where they are, and the log goes on in a new segment.
            report.TornBytesStay(Path, good, length - good, Fault.Cause(e));
            Index.Skip(length);
            IsSealed = true;
            return;
        }
        File.Truncate(good);
        Index.ForgetDamage(good);
        IsDirty = true;
        report.TornBytesCut(Path, good, length - good, torn);
    }
}
