namespace Broker.Storage.Files;

/// <summary>
/// The folder of a channel's dead letters: segments of blocks as in a journal, each block a letter, each segment named after the first number that may be
/// in it. What a letter's being there means is the journal's to say; here are only the bodies. The folder is made with the first letter.
/// </summary>
/// <remarks>All members may be called from any thread, and block; the lock orders them, and no other is taken under it.</remarks>
internal sealed class DeadLetterFolder(StoreServices services, string path)
{
    /// <summary>Bytes beyond which a segment gets no more letters.</summary>
    public const long SegmentSize = 8 << 20;

    private readonly Lock _lock = new();
    private List<DeadSegment>? _segments;
    private bool _isFolderSynced;

    // Where the last read ended, so that the next one need not walk there.
    private (DeadSegment? Segment, long Number, long Position) _readTo;

    /// <summary>
    /// Writes letters behind those that are there; they are on the device when this returns. Letters of their numbers that are there were never heard of
    /// again, and go.
    /// </summary>
    /// <param name="incarnation">Of the channel.</param>
    /// <param name="letters">Letters with consecutive numbers.</param>
    public void Append(long incarnation, IReadOnlyList<DeadLetter> letters)
    {
        lock (_lock)
        {
            DeadSegment segment = Prepare(incarnation, letters[0].Number);
            long position = segment.Length;
            segment.Length = DeadSegment.Unknown;
            List<ReadOnlyMemory<byte>> buffers = new(letters.Count * 2);
            long end = position;
            foreach (DeadLetter letter in letters)
            {
                byte[] bytes = DeadLetterFormat.Write(letter);
                buffers.Add(JournalBlock.Header(bytes, incarnation, end));
                buffers.Add(bytes);
                end += JournalBlock.HeaderSize + bytes.Length;
            }
            using IStorageFile file = services.Files.Open(segment.Path);
            file.Write(buffers, position);
            file.Sync();
            segment.Length = end;
            segment.Next = letters[^1].Number + 1;
        }
    }

    /// <summary>Reads letters (<see cref="IChannelProgress.ReadDeadAsync"/>).</summary>
    public DeadRead Read(long incarnation, long from, long to, int maxBytes)
    {
        lock (_lock)
        {
            List<DeadLetter> letters = [];
            long bytes = 0;
            List<DeadSegment> segments = Load();
            for (int i = Math.Max(0, segments.FindLastIndex(segment => segment.Base <= from)); i < segments.Count && segments[i].Base < to; i++)
            {
                DeadSegment segment = segments[i];
                using IStorageFile file = services.Files.Open(segment.Path);
                long start = _readTo.Segment == segment && _readTo.Number <= from ? _readTo.Position : FileHeader.Size;
                using JournalWalker walker = new(file, incarnation, start, file.Length);
                while (walker.MoveNext())
                {
                    if (walker.Skipped.Length > 0)
                        services.Log.JournalDamaged(segment.Path, walker.Skipped.Position, walker.Skipped.Length);
                    long number = DeadLetterFormat.NumberOf(walker.Entries);
                    if (number < from)
                        continue;
                    if (number >= to)
                        break;
                    bytes += walker.Entries.Length;
                    if (letters.Count > 0 && bytes > maxBytes)
                    {
                        _readTo = (segment, number, walker.Position);
                        return new DeadRead(letters, number);
                    }
                    letters.Add(DeadLetterFormat.Read(walker.Entries));
                    from = number + 1;
                }
            }
            return new DeadRead(letters, to);
        }
    }

    /// <summary>Removes segments of which no letter is left, and writes those anew of which few are.</summary>
    /// <param name="incarnation">Of the channel.</param>
    /// <param name="numbers">Which letters are left; nothing has been written beyond their end.</param>
    public void Free(long incarnation, DeadNumbers numbers)
    {
        lock (_lock)
        {
            List<DeadSegment> segments = Load();
            for (int i = segments.Count - 1; i >= 0; i--)
            {
                bool isLast = i == segments.Count - 1;
                long next = isLast ? Math.Max(numbers.End, segments[i].Base) : segments[i + 1].Base;
                long left = numbers.Live(segments[i].Base, next).Sum(static range => range.Length);
                if (left == 0)
                {
                    services.Files.Delete(segments[i].Path);
                    segments.RemoveAt(i);
                    _readTo = default;
                }
                else if (!isLast && left * 2 < (segments[i].Letters ?? (next - segments[i].Base)))
                {
                    WriteAnew(incarnation, segments[i], numbers);
                }
            }
        }
    }

    /// <summary>Removes the folder with all that is in it.</summary>
    public void Remove()
    {
        lock (_lock)
        {
            _segments = null;
            _isFolderSynced = false;
            _readTo = default;
            if (services.Files.DirectoryExists(path))
                services.Files.DeleteDirectory(path);
        }
    }

    private List<DeadSegment> Load()
    {
        if (_segments is not null)
            return _segments;
        List<DeadSegment> segments = [];
        if (services.Files.DirectoryExists(path))
        {
            foreach (string name in services.Files.Files(path))
            {
                if (DataPath.DeadLettersBase(name) is { } first)
                    segments.Add(new DeadSegment(Path.Combine(path, name), first));
                else if (name.EndsWith(DataPath.TemporarySuffix, StringComparison.Ordinal))
                    services.Files.Delete(Path.Combine(path, name));
            }
        }
        return _segments = segments;
    }

    // The segment that the letter of a number comes into, whose length is known then.
    private DeadSegment Prepare(long incarnation, long number)
    {
        if (number == 0)
            Remove();
        List<DeadSegment> segments = Load();
        while (segments.Count > 0 && segments[^1].Base >= number)
        {
            services.Files.Delete(segments[^1].Path);
            segments.RemoveAt(segments.Count - 1);
        }
        if (segments.Count > 0)
        {
            DeadSegment last = segments[^1];
            if (last.Length == DeadSegment.Unknown || last.Next != number)
                Cut(incarnation, last, number);
            if (last.Length < SegmentSize)
                return last;
        }
        return Create(incarnation, number);
    }

    // What a crash or a failed write left behind the last letter that counts must not come between the next ones.
    private void Cut(long incarnation, DeadSegment segment, long number)
    {
        using IStorageFile file = services.Files.Open(segment.Path);
        long length = file.Length;
        long end = FileHeader.Size;
        using (JournalWalker walker = new(file, incarnation, FileHeader.Size, length))
        {
            while (walker.MoveNext() && DeadLetterFormat.NumberOf(walker.Entries) < number)
                end = walker.Next;
        }
        if (end < length)
            file.Truncate(end);
        segment.Length = end;
        segment.Next = number;
        _readTo = default;
    }

    private DeadSegment Create(long incarnation, long number)
    {
        if (!_isFolderSynced)
        {
            services.Files.CreateDirectory(path);
            services.Files.SyncDirectory(Path.GetDirectoryName(path)!);
            _isFolderSynced = true;
        }
        DeadSegment segment = new(DataPath.DeadLetters(path, number), number);
        using (IStorageFile file = services.Files.Create(segment.Path))
            file.Write([new FileHeader(0, incarnation).Write(FileHeader.DeadLetters)], 0);
        services.Files.SyncDirectory(path);
        segment.Length = FileHeader.Size;
        segment.Next = number;
        Load().Add(segment);
        return segment;
    }

    private void WriteAnew(long incarnation, DeadSegment segment, DeadNumbers numbers)
    {
        string temporary = segment.Path + DataPath.TemporarySuffix;
        long left = 0;
        using (IStorageFile file = services.Files.Open(segment.Path))
        using (IStorageFile made = services.Files.Create(temporary))
        {
            made.Write([new FileHeader(0, incarnation).Write(FileHeader.DeadLetters)], 0);
            long position = FileHeader.Size;
            using JournalWalker walker = new(file, incarnation, FileHeader.Size, file.Length);
            while (walker.MoveNext())
            {
                long number = DeadLetterFormat.NumberOf(walker.Entries);
                if (!numbers.Live(number, number + 1).Any())
                    continue;
                byte[] bytes = walker.Entries.ToArray();
                made.Write([JournalBlock.Header(bytes, incarnation, position), bytes], position);
                position += JournalBlock.HeaderSize + bytes.Length;
                left++;
            }
            made.Sync();
        }
        _readTo = default;
        services.Files.Rename(temporary, segment.Path);
        segment.Letters = left;
        services.Files.SyncDirectory(path);
    }

    private sealed class DeadSegment(string path, long first)
    {
        /// <summary>Its end was not looked for.</summary>
        public const long Unknown = -1;

        public string Path => path;

        /// <summary>No letter in it has a lower number.</summary>
        public long Base => first;

        /// <summary>Where the next letter comes.</summary>
        public long Length { get; set; } = Unknown;

        /// <summary>The number that the next letter has.</summary>
        public long Next { get; set; }

        /// <summary>How many letters are in it, where it was written anew; else there are as many as it has numbers.</summary>
        public long? Letters { get; set; }
    }
}
