using System.Globalization;
using System.Text;
using Broker.Policies;
using Broker.Storage.Files.Nsqd;
using Microsoft.Extensions.Logging;

namespace Broker.Storage.Files;

/// <summary>
/// Keeps messages in files under a data path. One process has a data path open at a time; within it one thread writes, one syncs, and
/// reads run on the thread pool, so that no caller ever waits for the disk on its own thread.
/// </summary>
public sealed class FileMessageStore : IMessageStore
{
    /// <summary>How long a note of progress waits to be written together with others. Within the 50 ms that are promised.</summary>
    private static readonly TimeSpan ProgressDelay = TimeSpan.FromMilliseconds(30);

    private readonly Lock _lock = new();
    private readonly StoreServices _services;
    private readonly IDisposable _ownership;
    private readonly SortedDictionary<string, TopicSlot> _slots = new(StringComparer.Ordinal);
    private bool _isClosed;

    private FileMessageStore(StoreServices services, IDisposable ownership)
    {
        _services = services;
        _ownership = ownership;
    }

    /// <inheritdoc/>
    public string? Failure => _services.Health.Failure;

    /// <inheritdoc/>
    public async ValueTask<string?> ProbeAsync()
    {
        try
        {
            await _services.Threads.RunAsync(() => Fault.Telling($"cannot write to data path {_services.Path.Root}", WriteProbe));
            _services.Health.Heal();
            return null;
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    /// <summary>Opens the data path; logs of topics are opened when they are asked for.</summary>
    /// <param name="options">Where and how to keep messages.</param>
    /// <param name="logger">Told of all that an operator should know, in particular of all that is damaged.</param>
    /// <param name="time">The clock.</param>
    /// <param name="files">The file system; null for the real one.</param>
    /// <param name="threads">Where blocking work runs; null for real threads.</param>
    /// <param name="metrics">Told what is measured; null for nobody.</param>
    /// <exception cref="StoreException">
    /// The data path does not exist, cannot be read or written, is in use by another process, or was written by a newer version.
    /// </exception>
    public static async Task<FileMessageStore> OpenAsync(
        StorageOptions options,
        ILogger logger,
        TimeProvider time,
        IStorageFiles? files = null,
        IStorageThreads? threads = null,
        StorageMetrics? metrics = null)
    {
        files ??= new DiskFiles();
        threads ??= new DedicatedThreads();
        DataPath path = new(options.DataPath);
        StorageLog log = new(logger);
        (IDisposable ownership, StoreFile store) = await threads.RunAsync(() => Prepare(files, path, log));
        try
        {
            await new NsqdImport(options, logger, time, files, threads, path, store).RunAsync();
        }
        catch
        {
            ownership.Dispose();
            throw;
        }
        WholeSync whole = new(files.OpenVolume(path.Root));
        StoreServices services = new()
        {
            Options = options,
            Files = files,
            Threads = threads,
            Writer = new LogWriter(threads, time, ProgressDelay),
            Syncer = new Syncer(threads, time, options.SyncTimeout, whole, metrics),
            Whole = whole,
            Store = store,
            Path = path,
            Log = log,
            Metrics = metrics,
        };
        FileMessageStore opened = new(services, ownership);
        metrics?.Observe(opened.Measure);
        return opened;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> ListTopicsAsync() =>
        await _services.Threads.RunAsync(() => Fault.Telling("cannot list the topics", () => TopicNames(_services.Files, _services.Path)));

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> ListChannelsAsync(string topic) =>
        await _services.Threads.RunAsync(() => Fault.Telling($"cannot list the channels of topic {topic}", () => ChannelNames(topic)));

    /// <inheritdoc/>
    public async ValueTask<ITopicLog?> OpenTopicAsync(string topic, bool create)
    {
        TopicSlot slot = await EnterAsync(topic);
        try
        {
            await LoadAsync(slot, topic, create);
            return slot.Topic is null ? null : await slot.Topic.TakeOverAsync();
        }
        finally
        {
            Leave(topic, slot);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ITopicReader?> OpenReaderAsync(string topic, int generation) =>
        await FindAsync(topic, generation) is { } found ? new FileTopicReader(found) : null;

    /// <inheritdoc/>
    public async ValueTask<IChannelProgress> OpenChannelAsync(string topic, int generation, string channel, long incarnation)
    {
        FileTopic found = await FindAsync(topic, generation) ?? throw new FencedException($"topic {topic} was deleted");
        return await found.Journals.OpenAsync(channel, incarnation);
    }

    /// <inheritdoc/>
    public async ValueTask DeleteChannelAsync(string topic, int generation, string channel, long incarnation)
    {
        if (await FindAsync(topic, generation) is { } found)
            await found.Journals.DeleteAsync(channel, incarnation);
    }

    /// <summary>Writes and syncs everything, notes all topics as closed cleanly, and gives the data path free.</summary>
    public async ValueTask DisposeAsync()
    {
        List<FileTopic> topics = [];
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            foreach (TopicSlot slot in _slots.Values)
            {
                if (slot.Topic is not null)
                    topics.Add(slot.Topic);
            }
        }
        try
        {
            await EndAllAsync(topics);
            await CompactedAsync(topics);
            await _services.Writer.DisposeAsync();
            await _services.Syncer.DisposeAsync();
            // They write beside the journals, which belong to whoever opens the data path next.
            await CompactedAsync(topics);
            await _services.Threads.RunAsync(() => NoteEnds(topics));
        }
        finally
        {
            topics.ForEach(topic => topic.DisposeFiles());
            _services.Whole.Dispose();
            _ownership.Dispose();
        }
    }

    private static (IDisposable Ownership, StoreFile Store) Prepare(IStorageFiles files, DataPath path, StorageLog log) =>
        Fault.Telling($"cannot open data path {path.Root}", () =>
        {
            if (!files.DirectoryExists(path.Root))
                throw new StoreException($"data path {path.Root} does not exist");
            IDisposable ownership = files.TryLock(path.Lock)
                ?? throw new StoreException($"data path {path.Root} is in use by {Owner(files, path)}");
            try
            {
                NoteOwner(files, path);
                files.CreateDirectory(path.Topics);
                files.CreateDirectory(path.Deleted);
                files.CreateDirectory(path.Aside);
                StoreFile store = StoreFile.Open(files, path.Store);
                // A deletion that was interrupted is brought to its end.
                foreach (string deleted in files.Directories(path.Deleted))
                    files.DeleteDirectory(Path.Combine(path.Deleted, deleted));
                log.Opened(path.Root, TopicNames(files, path).Count);
                return (ownership, store);
            }
            catch
            {
                ownership.Dispose();
                throw;
            }
        });

    private static void NoteOwner(IStorageFiles files, DataPath path)
    {
        using IStorageFile owner = files.Create(path.Owner);
        owner.Write([Encoding.UTF8.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n")], 0);
    }

    private static string Owner(IStorageFiles files, DataPath path)
    {
        if (!files.FileExists(path.Owner))
            return "another process";
        using IStorageFile file = files.Open(path.Owner);
        byte[] bytes = new byte[20];
        int read = file.Read(bytes, 0);
        return $"process {Encoding.UTF8.GetString(bytes, 0, read).Trim()}";
    }

    private static List<string> TopicNames(IStorageFiles files, DataPath path)
    {
        List<string> names = [];
        foreach (string directory in files.Directories(path.Topics))
        {
            if (DataPath.Unescape(directory) is { } name && files.FileExists(DataPath.Record(Path.Combine(path.Topics, directory))))
                names.Add(name);
        }
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private List<string> ChannelNames(string topic)
    {
        string directory = _services.Path.Topic(topic);
        // The record is replaced as a whole, so it can be read while it is written.
        return _services.Files.DirectoryExists(directory) && RecordDocument.Read(_services.Files, DataPath.Record(directory)) is { } document
            ? [.. document.Record.Channels.Select(channel => channel.Name)]
            : [];
    }

    // Whatever changes a topic now is waited for, and nothing changes it afterwards.
    private async Task EndAllAsync(List<FileTopic> topics)
    {
        foreach (FileTopic topic in topics)
            await topic.Gate.WaitAsync();
        await _services.Writer.RunAsync(() => topics.ForEach(topic => topic.Writer.End(epoch: null)));
        topics.ForEach(topic => topic.Gate.Release());
    }

    private bool NoteEnds(List<FileTopic> topics)
    {
        // What the last sync of the syncer failed for.
        topics.SelectMany(static topic => topic.Journals.All()).Where(static journal => journal.NeedsSync).ToList().ForEach(static journal => journal.Sync());
        new CleanEnds(_services).Note(topics);
        return true;
    }

    private static Task CompactedAsync(List<FileTopic> topics) =>
        Task.WhenAll(topics.SelectMany(topic => topic.Journals.All()).Select(journal => journal.CompactedAsync()));

    private bool WriteProbe()
    {
        using IStorageFile probe = _services.Files.Create(_services.Path.Probe);
        probe.Write([new byte[4096]], 0);
        probe.Sync();
        return true;
    }

    private (int Segments, long Bytes) Measure()
    {
        FileTopic[] topics;
        lock (_lock)
            topics = [.. _slots.Values.Select(static slot => slot.Topic).OfType<FileTopic>()];
        return (topics.Sum(static topic => topic.Segments.All().Count), topics.Sum(static topic => topic.Segments.Bytes));
    }

    private async Task<FileTopic?> FindAsync(string topic, int generation)
    {
        TopicSlot slot = await EnterAsync(topic);
        try
        {
            await LoadAsync(slot, topic, create: false);
            return slot.Topic is { } found && found.Folder.Generation == generation ? found : null;
        }
        finally
        {
            Leave(topic, slot);
        }
    }

    private async Task LoadAsync(TopicSlot slot, string topic, bool create)
    {
        if (slot.Topic is { Folder.IsDeleted: true })
            slot.Topic = null;
        slot.Topic ??= await _services.Threads.RunAsync(() => Fault.Telling($"cannot open topic {topic}", () =>
            FileTopic.Load(_services, topic) ?? (create ? FileTopic.Create(_services, topic) : null)));
        if (slot.Topic is { } loaded)
            loaded.Deleted = Forget;
    }

    private async Task<TopicSlot> EnterAsync(string topic)
    {
        TopicSlot? slot;
        lock (_lock)
        {
            if (_isClosed)
                throw new StoreException("the store is closed");
            if (!_slots.TryGetValue(topic, out slot))
            {
                slot = new TopicSlot();
                _slots.Add(topic, slot);
            }
            slot.Users++;
        }
        await slot.Gate.WaitAsync();
        return slot;
    }

    // Who uses the slot now lets go of it.
    private void Forget(FileTopic topic)
    {
        lock (_lock)
        {
            if (_slots.TryGetValue(topic.Folder.Name, out TopicSlot? slot) && slot.Topic == topic && slot.Users == 0)
                _slots.Remove(topic.Folder.Name);
        }
    }

    private void Leave(string topic, TopicSlot slot)
    {
        slot.Gate.Release();
        lock (_lock)
        {
            // Asking for topics that are not there must not leave anything behind.
            if (--slot.Users == 0 && slot.Topic is null or { Folder.IsDeleted: true })
                _slots.Remove(topic);
        }
    }

    /// <summary>The place of a topic in the store: at most one is loaded or made at a time.</summary>
    private sealed class TopicSlot
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public FileTopic? Topic { get; set; }

        public int Users { get; set; }
    }
}
