using System.Text.Json;
using Broker.Messages;
using Broker.Policies;
using Microsoft.Extensions.Logging;

namespace Broker.Storage.Files.Nsqd;

/// <summary>
/// Takes over a data path of nsqd: its topics, channels, paused states and every message, each channel with its own.
/// </summary>
/// <remarks>
/// Everything is first made in a store of its own in the folder <c>importing</c>. When that is complete, a marker is set; only then are
/// the topics renamed into place and nsqd's files moved aside. A crash before the marker begins anew, a crash after it goes on.
/// </remarks>
internal sealed class NsqdImport
{
    private const int BatchBytes = 60 << 10;
    private const int BatchMessages = 1000;

    private readonly IStorageFiles _files;
    private readonly IStorageThreads _threads;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly StorageLog _log;
    private readonly StorageOptions _options;
    private readonly DataPath _path;
    private readonly StoreFile _store;
    private readonly string _importing;
    private readonly string _complete;
    private int _channels;
    private long _messages;

    public NsqdImport(
        StorageOptions options, ILogger logger, TimeProvider time, IStorageFiles files, IStorageThreads threads, DataPath path, StoreFile store)
    {
        _options = options;
        _logger = logger;
        _log = new StorageLog(logger);
        _time = time;
        _files = files;
        _threads = threads;
        _path = path;
        _store = store;
        _importing = Path.Combine(path.Root, "importing");
        _complete = Path.Combine(_importing, "complete");
    }

    /// <summary>Takes over what there is; nothing happens when there is nothing.</summary>
    /// <exception cref="StoreException">It cannot be taken over; the message says why. Nothing was changed that a next try would miss.</exception>
    public async Task RunAsync()
    {
        try
        {
            if (!await _threads.RunAsync(() => _files.FileExists(_complete)))
            {
                if (!await _threads.RunAsync(Prepare))
                    return;
                await ImportAsync();
                await _threads.RunAsync(SetMarker);
            }
            await _threads.RunAsync(Finish);
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            throw Fault.Of($"cannot take over nsqd's files in {_path.Root}", e);
        }
    }

    private List<string> NsqdFiles() =>
        [.. _files.Files(_path.Root).Where(file => file.StartsWith(NsqdMetadata.FileName, StringComparison.Ordinal) || NsqdQueue.IsPart(file))];

    private bool Prepare()
    {
        if (_files.DirectoryExists(_importing))
            _files.DeleteDirectory(_importing);
        if (NsqdFiles().Count == 0)
            return false;
        _files.CreateDirectory(_importing);
        return true;
    }

    private async Task ImportAsync()
    {
        (SortedDictionary<string, NsqdTopic> topics, IReadOnlyList<NsqdQueue> queues) = await _threads.RunAsync(Survey);
        foreach (string name in topics.Keys)
        {
            if (_files.FileExists(DataPath.Record(_path.Topic(name))))
            {
                throw new StoreException(
                    $"topic {name} is both in nsqd's files and in the broker's own in {_path.Root}: move {NsqdMetadata.FileName} and *.diskqueue.* away to go on without them");
            }
        }
        StorageOptions options = new() { DataPath = _importing, MaxBytesPerFile = _options.MaxBytesPerFile };
        FileMessageStore store = await FileMessageStore.OpenAsync(options, _logger, _time, _files, _threads);
        await using (store)
        {
            foreach (NsqdTopic topic in topics.Values)
                await ImportTopicAsync(store, topic, queues.Where(queue => queue.Topic == topic.Name).ToArray());
        }
        // What is not on the device must not take the place of what is.
        if (store.Failure is { } failure)
            throw new StoreException(failure);
    }

    /// <summary>All topics with all their channels, be it that nsqd's list knows them or that there are files of theirs.</summary>
    private (SortedDictionary<string, NsqdTopic> Topics, IReadOnlyList<NsqdQueue> Queues) Survey()
    {
        SortedDictionary<string, NsqdTopic> topics = new(StringComparer.Ordinal);
        foreach (NsqdTopic topic in ReadMetadata().Topics ?? [])
        {
            if (!NsqdName.IsValid(topic.Name))
            {
                _log.NsqdNameInvalid(topic.Name ?? "");
                continue;
            }
            List<NsqdChannel> channels = [];
            foreach (NsqdChannel channel in topic.Channels ?? [])
            {
                if (NsqdName.IsValid(channel.Name))
                    channels.Add(channel);
                else
                    _log.NsqdNameInvalid(channel.Name ?? "");
            }
            topics[topic.Name!] = topic with { Channels = channels };
        }
        IReadOnlyList<NsqdQueue> queues = NsqdQueue.Find(_files, _path.Root, _log);
        foreach (NsqdQueue queue in queues)
        {
            if (!topics.TryGetValue(queue.Topic, out NsqdTopic? topic))
            {
                _log.NsqdTopicUnlisted(queue.Topic);
                topic = new NsqdTopic(queue.Topic, Paused: false, []);
            }
            if (queue.Channel is not null && !topic.Channels!.Any(channel => channel.Name == queue.Channel))
                topic = topic with { Channels = [.. topic.Channels!, new NsqdChannel(queue.Channel, Paused: false)] };
            topics[queue.Topic] = topic;
        }
        return (topics, queues);
    }

    private NsqdMetadata ReadMetadata()
    {
        string path = Path.Combine(_path.Root, NsqdMetadata.FileName);
        if (!_files.FileExists(path))
        {
            _log.NsqdListMissing(path);
            return new NsqdMetadata();
        }
        using IStorageFile file = _files.Open(path);
        byte[] json = new byte[file.Length];
        int length = file.Read(json, 0);
        try
        {
            return NsqdMetadata.Parse(json.AsSpan(0, length));
        }
        catch (JsonException e)
        {
            // The queues' names still say which topics and channels there are; only paused states are lost.
            _log.NsqdListDamaged(path, e.Message);
            return new NsqdMetadata();
        }
    }

    private async Task ImportTopicAsync(FileMessageStore store, NsqdTopic topic, NsqdQueue[] queues)
    {
        ITopicLog log = (await store.OpenTopicAsync(topic.Name!, create: true))!;
        NsqdChannel[] channels = [.. topic.Channels!.OrderBy(channel => channel.Name, StringComparer.Ordinal)];
        List<IChannelProgress> progresses = [];
        for (int i = 0; i < channels.Length; i++)
            progresses.Add(await store.OpenChannelAsync(topic.Name!, log.Generation, channels[i].Name!, i + 1));
        for (int i = 0; i < channels.Length; i++)
        {
            long start = log.End;
            foreach (NsqdQueue queue in queues.Where(queue => queue.Channel == channels[i].Name))
                await AppendAsync(log, queue, progresses[i]);
            for (int other = 0; other < channels.Length; other++)
            {
                if (other != i && log.End > start)
                    progresses[other].Note(new ProgressEntry(ProgressKind.Finished, start, log.End));
            }
        }
        long own = log.End;
        foreach (NsqdQueue queue in queues.Where(queue => queue.Channel is null))
            await AppendAsync(log, queue, progress: null);
        _channels += channels.Length;
        _messages += log.End;
        await log.SaveRecordAsync(new TopicRecord
        {
            Paused = topic.Paused,
            Cursor = topic.Paused || channels.Length == 0 ? own : null,
            NextIncarnation = channels.Length + 1,
            Channels = [.. channels.Select((channel, i) => new ChannelRecord(channel.Name!, i + 1, Start: 0, channel.Paused))],
        });
        foreach (IChannelProgress progress in progresses)
            await progress.DisposeAsync();
        await log.DisposeAsync();
    }

    private async Task AppendAsync(ITopicLog log, NsqdQueue queue, IChannelProgress? progress)
    {
        using IEnumerator<NsqdMessage> messages = queue.Read(_files, _log).GetEnumerator();
        while (true)
        {
            long offset = log.End;
            MessageBatch? batch = await _threads.RunAsync(() => NextBatch(messages, offset, progress));
            if (batch is null)
                return;
            await log.AppendAsync(batch, publisher: 0, sequence: 0);
        }
    }

    private static MessageBatch? NextBatch(IEnumerator<NsqdMessage> messages, long offset, IChannelProgress? progress)
    {
        byte[] records = new byte[BatchBytes];
        int length = 0;
        int count = 0;
        while (count < BatchMessages && length < BatchBytes && messages.MoveNext())
        {
            NsqdMessage message = messages.Current;
            int size = MessageBatch.RecordHeaderSize + message.Body.Length;
            if (records.Length - length < size)
                Array.Resize(ref records, length + size);
            length += MessageBatch.WriteRecord(records.AsSpan(length), message.Timestamp, message.Body.Span);
            if (message.Attempts > 0)
                progress?.Note(new ProgressEntry(ProgressKind.Attempts, offset + count, 0, message.Attempts));
            count++;
        }
        return count == 0 ? null : new MessageBatch { BaseOffset = offset, Count = count, Records = records[..length] };
    }

    private bool SetMarker()
    {
        using (IStorageFile marker = _files.Create(_complete))
            marker.Sync();
        _files.SyncDirectory(_importing);
        _files.SyncDirectory(_path.Root);
        return true;
    }

    private bool Finish()
    {
        DataPath imported = new(_importing);
        // After a crash while the folder was being removed there may be nothing left in it but the marker.
        IReadOnlyList<string> topics = _files.DirectoryExists(imported.Topics) ? _files.Directories(imported.Topics) : [];
        // Generations of topics that are made from now on differ from those of the topics taken over.
        _store.SkipGenerations(topics.Select(topic => GenerationOf(imported, topic)).DefaultIfEmpty().Max());
        foreach (string topic in topics)
            _files.Rename(Path.Combine(imported.Topics, topic), Path.Combine(_path.Topics, topic));
        _files.SyncDirectory(_path.Topics);
        int number = 1;
        while (_files.DirectoryExists(Path.Combine(_path.Root, $"nsqd-files-{number}")))
            number++;
        string aside = Path.Combine(_path.Root, $"nsqd-files-{number}");
        _files.CreateDirectory(aside);
        foreach (string file in NsqdFiles())
            _files.Rename(Path.Combine(_path.Root, file), Path.Combine(aside, file));
        _files.SyncDirectory(aside);
        _files.SyncDirectory(_path.Root);
        _files.DeleteDirectory(_importing);
        _log.NsqdTakenOver(topics.Count, _channels, _messages, aside);
        return true;
    }

    private int GenerationOf(DataPath imported, string topic) =>
        RecordDocument.Read(_files, DataPath.Record(Path.Combine(imported.Topics, topic)))?.Generation ?? 0;
}
