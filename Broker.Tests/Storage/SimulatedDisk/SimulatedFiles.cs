using Broker.Storage.Files;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>
/// A file system in memory that loses what a real one may lose: bytes without fsync, names without fsync of their directory. It fails on
/// demand, and everything it does follows from a seed.
/// </summary>
internal sealed class SimulatedFiles : IStorageFiles
{
    private const int NoSpace = 28;
    private const int InputOutputError = 5;

    private readonly Random _random;
    private readonly SortedDictionary<string, SimulatedFile> _files = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _directories = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SimulatedFile> _durableFiles = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _durableDirectories = new(StringComparer.Ordinal);
    private readonly List<NameChange> _pending = [];
    private readonly HashSet<string> _locks = [];
    private int _untilCrash = int.MaxValue;
    private bool _isPowerLoss;

    public SimulatedFiles(int seed)
    {
        _random = new Random(seed);
        _directories.Add("/data");
        _durableDirectories.Add("/data");
    }

    private SimulatedFiles(Random random) => _random = random;

    /// <summary>Chance in a thousand that a write fails for want of room, a part of it written.</summary>
    public int FailingWrites { get; set; }

    /// <summary>Chance in a thousand that an fsync fails, and with it everything it was for.</summary>
    public int FailingSyncs { get; set; }

    /// <summary>From how many files on the whole is synced at once; <see cref="int.MaxValue"/> for never.</summary>
    public int ManyFiles { get; set; } = int.MaxValue;

    /// <summary>Whether fsync of a file says that it succeeded, and does nothing.</summary>
    public bool SkipsSyncs { get; init; }

    /// <summary>The disk as the next process finds it; null before the crash.</summary>
    public SimulatedFiles? AfterCrash { get; private set; }

    /// <summary>Changes so far.</summary>
    public int Changes { get; private set; }

    /// <summary>Has the process killed or the power fail before one of the next changes.</summary>
    public void CrashIn(int changes, bool powerLoss)
    {
        _untilCrash = changes;
        _isPowerLoss = powerLoss;
    }

    /// <summary>Crashes now, unless it has crashed before.</summary>
    public SimulatedFiles Crash(bool powerLoss)
    {
        _isPowerLoss = powerLoss;
        return AfterCrash ??= MakeAfterCrash();
    }

    public IStorageFile Open(string path) =>
        _files.TryGetValue(path, out SimulatedFile? file) ? new Handle(this, file) : throw new FileNotFoundException(path);

    public IStorageFile Create(string path)
    {
        Change();
        if (!_directories.Contains(Parent(path)))
            throw new DirectoryNotFoundException(path);
        if (_files.TryGetValue(path, out SimulatedFile? file))
        {
            file.Truncate(0);
        }
        else
        {
            file = new SimulatedFile([]);
            _files.Add(path, file);
            _pending.Add(new NameChange(path, null, file));
        }
        return new Handle(this, file);
    }

    public bool FileExists(string path) => _files.ContainsKey(path);

    public bool DirectoryExists(string path) => _directories.Contains(path);

    public IReadOnlyList<string> Files(string directory) => [.. _files.Keys.Where(path => Parent(path) == directory).Select(Name)];

    public IReadOnlyList<string> Directories(string directory) => [.. _directories.Where(path => Parent(path) == directory).Select(Name)];

    public void CreateDirectory(string path)
    {
        if (_directories.Contains(path))
            return;
        Change();
        _directories.Add(path);
        _pending.Add(new NameChange(path, null, null));
    }

    public void Rename(string from, string to)
    {
        Change();
        if (!_files.ContainsKey(from) && !_directories.Contains(from))
            throw new FileNotFoundException(from);
        if (_directories.Contains(to))
            throw new IOException($"{to} exists");
        Move(_files, _directories, from, to);
        _pending.Add(new NameChange(from, to, null));
    }

    public void Delete(string path)
    {
        if (!_files.ContainsKey(path))
            return;
        Change();
        _files.Remove(path);
        _pending.Add(new NameChange(path, "", null));
    }

    public void DeleteDirectory(string path)
    {
        foreach (string file in _files.Keys.Where(file => file.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            Delete(file);
        Change();
        Remove(_files, _directories, path);
        _pending.Add(new NameChange(path, "", null));
    }

    public void SyncDirectory(string path)
    {
        Change();
        if (_random.Next(1000) < FailingSyncs)
            throw new IOException("Input/output error", InputOutputError);
        // Names are journalled in order: what came before a change is on the device with it.
        ApplyDurably(_pending.FindLastIndex(change => change.Touches(path)) + 1);
    }

    public IStorageVolume? OpenVolume(string path) => ManyFiles == int.MaxValue ? null : new Volume(this);

    public IDisposable? TryLock(string path) => _locks.Add(path) ? new Releaser(() => _locks.Remove(path)) : null;

    /// <summary>Damages the bytes of some file; returns what it did, or null when there was nothing to damage.</summary>
    public string? Damage(Random random, Func<string, bool> where)
    {
        string[] paths = [.. _files.Keys.Where(where).Where(path => _files[path].Length > 0)];
        if (paths.Length == 0)
            return null;
        string path = paths[random.Next(paths.Length)];
        SimulatedFile file = _files[path];
        long position = random.NextInt64(file.Length);
        switch (random.Next(3))
        {
            case 0:
                file.Truncate(position);
                return $"{path} cut at {position}";
            case 1:
                byte[] one = new byte[1];
                file.Read(one, position);
                one[0] ^= (byte)(1 << random.Next(8));
                file.Write(position, one);
                return $"{path} bit flipped at {position}";
            default:
                byte[] many = new byte[Math.Min(random.Next(1, 200), file.Length - position)];
                random.NextBytes(many);
                file.Write(position, many);
                return $"{path} {many.Length} bytes overwritten at {position}";
        }
    }

    private static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static void Move(SortedDictionary<string, SimulatedFile> files, SortedSet<string> directories, string from, string to)
    {
        if (files.Remove(from, out SimulatedFile? moved))
        {
            files[to] = moved;
            return;
        }
        foreach (string path in files.Keys.Where(path => path.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            files.Remove(path, out SimulatedFile? inside);
            files[to + path[from.Length..]] = inside!;
        }
        foreach (string path in directories.Where(path => path == from || path.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            directories.Remove(path);
            directories.Add(to + path[from.Length..]);
        }
    }

    private static void Remove(SortedDictionary<string, SimulatedFile> files, SortedSet<string> directories, string path)
    {
        files.Remove(path);
        foreach (string inside in files.Keys.Where(file => file.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            files.Remove(inside);
        directories.RemoveWhere(directory => directory == path || directory.StartsWith(path + "/", StringComparison.Ordinal));
    }

    private void ApplyDurably(int changes)
    {
        foreach (NameChange change in _pending.Take(changes))
            ApplyDurably(change);
        _pending.RemoveRange(0, changes);
    }

    private void SyncAll()
    {
        Change();
        SimulatedFile[] files = [.. _files.Values.Concat(_durableFiles.Values).Distinct()];
        if (_random.Next(1000) < FailingSyncs)
        {
            foreach (SimulatedFile file in files)
            {
                if (_random.Next(2) == 0)
                    file.LoseUnsynced(isToldLater: true);
                else
                    file.Sync();
            }
            throw new IOException("Input/output error", InputOutputError);
        }
        if (SkipsSyncs)
            return;
        foreach (SimulatedFile file in files)
            file.Sync();
        ApplyDurably(_pending.Count);
    }

    private void ApplyDurably(NameChange change)
    {
        if (change.To is null)
        {
            if (change.File is null)
                _durableDirectories.Add(change.Path);
            else
                _durableFiles[change.Path] = change.File;
        }
        else if (change.To.Length == 0)
        {
            Remove(_durableFiles, _durableDirectories, change.Path);
        }
        else
        {
            Move(_durableFiles, _durableDirectories, change.Path, change.To);
        }
    }

    private void Change()
    {
        Changes++;
        if (--_untilCrash == 0)
            AfterCrash ??= MakeAfterCrash();
    }

    private SimulatedFiles MakeAfterCrash()
    {
        SimulatedFiles next = new(_random) { ManyFiles = ManyFiles };
        if (!_isPowerLoss)
        {
            Dictionary<SimulatedFile, SimulatedFile> copies = [];
            SimulatedFile Copy(SimulatedFile file) =>
                copies.TryGetValue(file, out SimulatedFile? copy) ? copy : copies[file] = file.AfterKill();
            foreach ((string path, SimulatedFile file) in _files)
                next._files.Add(path, Copy(file));
            foreach ((string path, SimulatedFile file) in _durableFiles)
                next._durableFiles.Add(path, Copy(file));
            next._directories.UnionWith(_directories);
            next._durableDirectories.UnionWith(_durableDirectories);
            next._pending.AddRange(_pending.Select(change => change with { File = change.File is null ? null : Copy(change.File) }));
            return next;
        }
        int survive = _random.Next(3) switch { 0 => 0, 1 => _pending.Count, _ => _random.Next(_pending.Count + 1) };
        SortedDictionary<string, SimulatedFile> files = new(_durableFiles, StringComparer.Ordinal);
        SortedSet<string> directories = new(_durableDirectories, StringComparer.Ordinal);
        foreach (NameChange change in _pending.Take(survive))
            ApplyDurably(change);
        foreach (string directory in _durableDirectories)
        {
            if (directory == "/data" || _durableDirectories.Contains(Parent(directory)))
                next._directories.Add(directory);
        }
        foreach ((string path, SimulatedFile file) in _durableFiles)
        {
            if (next._directories.Contains(Parent(path)))
                next._files.Add(path, file.AfterPowerLoss(_random));
        }
        next._durableDirectories.UnionWith(next._directories);
        foreach ((string path, SimulatedFile file) in next._files)
            next._durableFiles.Add(path, file);
        // This disk lives on for a process that is dead already; only its own view of what is durable is put back.
        _durableFiles.Clear();
        foreach ((string path, SimulatedFile file) in files)
            _durableFiles.Add(path, file);
        _durableDirectories.Clear();
        _durableDirectories.UnionWith(directories);
        return next;
    }

    private sealed record NameChange(string Path, string? To, SimulatedFile? File)
    {
        public bool Touches(string directory) => Parent(Path) == directory || (To?.Length > 0 && Parent(To) == directory);
    }

    private sealed class Volume(SimulatedFiles disk) : IStorageVolume
    {
        public int ManyFiles => disk.ManyFiles;

        public void Sync() => disk.SyncAll();

        public void Dispose()
        {
        }
    }

    private sealed class Releaser(Action release) : IDisposable
    {
        public void Dispose() => release();
    }

    private sealed class Handle(SimulatedFiles disk, SimulatedFile file) : IStorageFile
    {
        private bool _isDisposed;

        public long Length => File.Length;

        private SimulatedFile File
        {
            get
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                return file;
            }
        }

        public int Read(Span<byte> buffer, long position) => File.Read(buffer, position);

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position)
        {
            byte[] bytes = [.. buffers.SelectMany(buffer => buffer.ToArray())];
            disk.Change();
            if (disk._random.Next(1000) < disk.FailingWrites)
            {
                File.Write(position, bytes[..disk._random.Next(bytes.Length)]);
                throw new IOException("No space left on device", NoSpace);
            }
            File.Write(position, bytes);
        }

        public void Truncate(long length)
        {
            disk.Change();
            if (disk._random.Next(1000) < disk.FailingSyncs)
                throw new IOException("Input/output error", InputOutputError);
            File.Truncate(length);
        }

        public void Sync()
        {
            disk.Change();
            if (disk._random.Next(1000) < disk.FailingSyncs || File.TakeFailure())
            {
                File.LoseUnsynced(isToldLater: false);
                throw new IOException("Input/output error", InputOutputError);
            }
            if (!disk.SkipsSyncs)
                File.Sync();
        }

        public void Dispose() => _isDisposed = true;
    }
}
