using System.Text;
using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Storage.Files;
using Xunit.Sdk;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>
/// One run of a random workload over several lives of the store on a simulated disk, with crashes in between, held against what was
/// acknowledged. All of it follows from the seed.
/// </summary>
internal sealed class CrashRun
{
    private const string Topic = "t";
    private const string Channel = "c";
    private static readonly TimeSpan SyncTimeout = TimeSpan.FromSeconds(2);

    private readonly int _seed;
    private readonly Random _random;
    private readonly StorageOptions _options;
    private readonly Dictionary<long, Sent> _sent = [];
    private readonly SortedSet<long> _noted = [];
    private readonly SortedSet<long> _flushed = [];
    private readonly SortedSet<long> _keeping = [];
    private readonly SortedSet<long> _kept = [];
    private readonly SortedSet<long> _dying = [];
    private readonly SortedSet<long> _dead = [];
    private readonly SortedSet<long> _leaving = [];
    private readonly SortedSet<long> _revived = [];
    private readonly HashSet<long> _seen = [];
    private readonly RecordedLog _log = new();
    private readonly List<string> _events = [];
    private SimulatedScheduler _scheduler;
    private SimulatedFiles _disk;
    private readonly HashSet<long> _possibleHeads = [0];
    private int _generation;
    private long _trimmed;
    private long _notedFloor;
    private long _flushedFloor;
    private long _foundFloor;
    private bool _isAfterPowerLoss;
    private bool _isAfterCleanEnd;
    private bool _isClosed;
    private long _cleanNext;
    private long _sequence;
    private long _deaths = 1_000;

    public CrashRun(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        _disk = new SimulatedFiles(seed + 1);
        _scheduler = new SimulatedScheduler(seed);
        _options = new StorageOptions
        {
            DataPath = "/data",
            SyncEvery = _random.Next(3) switch { 0 => 1, 1 => 10, _ => 2500 },
            SyncTimeout = SyncTimeout,
            MaxBytesPerFile = _random.Next(3) switch { 0 => 2_000, 1 => 20_000, _ => 10 << 20 },
        };
    }

    /// <summary>Runs it; throws what says how to run it again.</summary>
    public void Run()
    {
        try
        {
            for (int life = 0; life < 5; life++)
                RunLife();
        }
        catch (Exception e)
        {
            throw new XunitException($"seed {_seed}: {e.Message}\n{string.Join('\n', _log.Problems)}\n{string.Join('\n', _events)}\n{e}");
        }
    }

    private static byte[] KeptBody(long offset) => Encoding.ASCII.GetBytes($"kept {offset} {new string('y', (int)offset)}");

    private static byte[] BodyOf(MessageBatch batch, int index) => batch.BodyAt(batch.PositionOf(index)).ToArray();

    private void RunLife()
    {
        _scheduler = new SimulatedScheduler(_random.Next());
        bool fails = _random.Next(3) == 0;
        bool powerLoss = _random.Next(2) == 0;
        SimulatedFiles disk = _disk;
        disk.FailingWrites = 0;
        disk.FailingSyncs = 0;
        disk.ManyFiles = _random.Next(3) == 0 ? 1 : int.MaxValue;
        if (_random.Next(4) > 0)
            disk.CrashIn(_random.Next(1, 120), powerLoss);
        _events.Add($"a life: fails {fails}, power loss {powerLoss}");
        _isClosed = false;
        bool ended = _scheduler.Run(() => LiveAsync(disk, fails), () => disk.AfterCrash is not null);
        if (ended && disk.AfterCrash is null && _isClosed)
        {
            // The store was closed, so that not even a power loss may cost anything.
            _isAfterCleanEnd = true;
            _disk = disk.Crash(powerLoss);
            _isAfterPowerLoss = false;
            return;
        }
        _isAfterCleanEnd = false;
        _isAfterPowerLoss = powerLoss;
        _disk = disk.AfterCrash ?? disk.Crash(powerLoss);
        if (powerLoss)
            ForgetWhatMayBeLost(failedSyncs: fails);
    }

    /// <summary>After a power loss only what was synced for sure is still owed; when fsync failed, that is little.</summary>
    private void ForgetWhatMayBeLost(bool failedSyncs)
    {
        TimeSpan window = SyncTimeout + TimeSpan.FromMilliseconds(100);
        foreach (Sent sent in _sent.Values)
        {
            bool isRecent = failedSyncs || sent.AcknowledgedAt + window > _scheduler.Time.Now;
            if (_options.SyncEvery != 1 && isRecent && !sent.IsDurable)
                sent.IsAcknowledged = false;
            sent.AcknowledgedAt = TimeSpan.MinValue / 2;
        }
        _foundFloor = 0;
        if (_options.SyncEvery != 1)
        {
            _flushed.Clear();
            _flushedFloor = 0;
        }
    }

    private async Task LiveAsync(SimulatedFiles disk, bool fails)
    {
        FileMessageStore store = await FileMessageStore.OpenAsync(
            _options, _log, _scheduler.Time, disk, new ScheduledThreads(_scheduler, () => _random.Next(2) == 0));
        ITopicLog log = (await store.OpenTopicAsync(Topic, create: true))!;
        if (disk.AfterCrash is not null)
            return;
        if (_generation == 0)
            _generation = log.Generation;
        Assert.Equal(_generation, log.Generation);
        await VerifyLogAsync(log);
        IChannelProgress progress = await store.OpenChannelAsync(Topic, log.Generation, Channel, 1);
        DeadNumbers numbers = await VerifyProgressAsync(progress);
        if (fails)
        {
            disk.FailingWrites = _random.Next(60);
            disk.FailingSyncs = _random.Next(60);
        }
        Writer writer = new(this, store, disk, log, progress, numbers);
        await writer.RunAsync(_random.Next(5, 60));
        disk.FailingWrites = 0;
        disk.FailingSyncs = 0;
        await writer.SettleAsync();
        _cleanNext = writer.Next;
        int problems = _log.Problems.Count;
        await store.DisposeAsync();
        // What went wrong with a file before may be told by its sync at the end, and then the end is none: the operator is told.
        _isClosed = !_log.Problems.Skip(problems).Any(static problem => problem.StartsWith("cannot close topic", StringComparison.Ordinal));
        if (disk.AfterCrash is null && _isClosed)
            writer.CountAsFlushed();
    }

    private async Task VerifyLogAsync(ITopicLog log)
    {
        if (_isAfterCleanEnd)
            Assert.Equal(_cleanNext, log.NextOffset);
        long previous = -1;
        HashSet<long> found = [];
        long deferred = 0;
        for (long next = log.Start; next < log.End;)
        {
            LogRead read = await log.ReadAsync(next, log.End, _random.Next(1, 5_000));
            Assert.True(read.End > next, "a read must go on");
            foreach (MessageBatch batch in read.Batches)
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    long offset = batch.BaseOffset + i;
                    if (offset < next)
                        continue;
                    Assert.True(offset > previous, "offsets must rise");
                    previous = offset;
                    Sent sent = Assert.Contains(offset, (IReadOnlyDictionary<long, Sent>)_sent);
                    Assert.Equal(sent.Body, BodyOf(batch, i));
                    Assert.Equal(sent.Due, batch.DueTimes?[i]);
                    found.Add(offset);
                    sent.IsDurable |= _isAfterPowerLoss;
                    _seen.Add(offset);
                    deferred += sent.Due is null ? 0 : 1;
                }
            }
            next = read.End;
        }
        foreach ((long offset, Sent sent) in _sent)
        {
            if (sent.IsAcknowledged && offset >= _trimmed)
                Assert.True(found.Contains(offset), $"offset {offset} was acknowledged and is lost");
        }
        Assert.True(log.NextOffset > previous, "the next offset must be new");
        Assert.True(log.NextOffset >= log.End);
        Assert.Equal(found.Count, (await log.CountAsync(0, long.MaxValue)) is var all ? all.Messages + all.Deferred : 0);
        long middle = (log.Start + log.End) / 2;
        LogCount below = await log.CountAsync(0, middle);
        Assert.Equal(found.Count(offset => offset < middle), below.Messages + below.Deferred);
        IReadOnlyList<DeferredHeader> headers = await log.ReadDeferredAsync(0, long.MaxValue);
        Assert.Equal(deferred, headers.Sum(header => header.DueTimes.Length));
        Assert.Equal(deferred, all.Deferred);
        Assert.True(_possibleHeads.Contains(log.Record.Head), "the record is neither the last one saved nor one that was being saved");
        _possibleHeads.Clear();
        _possibleHeads.Add(log.Record.Head);
    }

    private async Task<DeadNumbers> VerifyProgressAsync(IChannelProgress progress)
    {
        ChannelState? state = await progress.LoadAsync();
        long floor = state?.Floor ?? 0;
        bool IsFinished(long offset) => offset < floor || state?.Finished.Any(range => range.Contains(offset)) == true;
        // What was never noted must not be finished: that would be silent loss.
        for (long offset = 0; offset < 300; offset++)
        {
            if (IsFinished(offset) && offset >= _notedFloor)
                Assert.True(_noted.Contains(offset) || _keeping.Contains(offset), $"offset {offset} counts as finished, but never was");
        }
        Assert.True(floor >= _flushedFloor, $"floor {floor} is below {_flushedFloor}, which was flushed");
        Assert.True(floor >= _foundFloor, $"floor {floor} is below {_foundFloor}, which was found after a kill");
        foreach (long offset in _flushed)
            Assert.True(IsFinished(offset), $"offset {offset} was finished and flushed");
        foreach (long offset in _keeping)
        {
            // A copy whose outcome is unknown may be there or not; but where it is, the log need not have the message any more.
            if (_noted.Contains(offset) || (!_kept.Contains(offset) && !(offset >= floor && IsFinished(offset))))
                continue;
            MessageBatch? kept = await progress.ReadKeptAsync(offset);
            Assert.True(kept is not null, $"kept message {offset} is lost");
            Assert.Equal(KeptBody(offset), BodyOf(kept, 0));
            Assert.Contains(state!.Messages, message => message.Offset == offset && message.Kept);
        }
        // From here on a kill takes the store back to at least what it is now; a power cut may take what nobody has synced yet.
        _foundFloor = Math.Max(_foundFloor, floor);
        return await VerifyDeadAsync(progress, state, IsFinished);
    }

    /// <summary>What was acknowledged as dead is so, whatever was lost; nothing is dead and alive.</summary>
    private async Task<DeadNumbers> VerifyDeadAsync(IChannelProgress progress, ChannelState? state, Func<long, bool> isFinished)
    {
        DeadNumbers numbers = state?.Dead ?? new DeadNumbers();
        SortedSet<long> found = [];
        foreach (OffsetRange live in numbers.Live(0, numbers.End))
        {
            for (long next = live.Start; next < live.End;)
            {
                DeadRead read = await progress.ReadDeadAsync(next, live.End, _random.Next(1, 2_000));
                Assert.True(read.End > next, "a read must go on");
                foreach (DeadLetter letter in read.Letters)
                {
                    Assert.Equal(KeptBody(letter.Offset), BodyOf(letter.Message, 0));
                    Assert.True(_dying.Contains(letter.Offset) && found.Add(letter.Offset), $"message {letter.Offset} is dead twice or never died");
                    Assert.True(isFinished(letter.Offset), $"message {letter.Offset} is dead and not finished");
                }
                next = read.End;
            }
        }
        _events.Add($"dead: {string.Join(' ', found)}, numbers up to {numbers.End}");
        Assert.Equal(numbers.Count, found.Count);
        foreach (long offset in _dead.Except(_leaving))
            Assert.True(found.Contains(offset), $"dead letter {offset} is lost");
        SortedSet<long> kept = [.. (state?.Messages ?? []).Where(message => message.Kept && message.Offset >= 1_000).Select(message => message.Offset)];
        Assert.Empty(kept.Intersect(found));
        foreach (long offset in _revived)
            Assert.True(kept.Contains(offset), $"revived message {offset} is lost");
        foreach (long offset in kept)
        {
            Assert.True(_leaving.Contains(offset), $"message {offset} is alive again, and nobody wanted it to be");
            Assert.Equal(KeptBody(offset), BodyOf((await progress.ReadKeptAsync(offset))!, 0));
        }
        // What was not acknowledged and outlived a kill may yet go with the power; what outlived that is on the device.
        _dead.IntersectWith(found);
        if (_isAfterPowerLoss)
            _dead.UnionWith(found);
        _leaving.ExceptWith(found);
        return numbers.Copy();
    }

    private sealed class Sent(byte[] body, long? due)
    {
        public byte[] Body => body;

        public long? Due => due;

        public bool IsAcknowledged { get; set; }

        public TimeSpan AcknowledgedAt { get; set; }

        /// <summary>Whether it was found on the device after a power loss.</summary>
        public bool IsDurable { get; set; }
    }

    /// <summary>Works on the store as the grains do.</summary>
    private sealed class Writer(
        CrashRun run, FileMessageStore store, SimulatedFiles disk, ITopicLog log, IChannelProgress progress, DeadNumbers numbers)
    {
        private readonly Random _random = run._random;
        private ITopicLog _log = log;
        private readonly SortedSet<long> _noted = [];
        private long _notedFloor;
        private bool _isBroken;

        public long Next { get; private set; } = log.NextOffset;

        public async Task RunAsync(int steps)
        {
            List<Task> appends = [];
            for (int step = 0; step < steps && disk.AfterCrash is null; step++)
            {
                try
                {
                    switch (_random.Next(15))
                    {
                        case < 5:
                            await ReopenIfBrokenAsync(appends);
                            appends.Add(AppendAsync());
                            break;
                        case 5:
                            await Task.WhenAll(appends);
                            appends.Clear();
                            break;
                        case 6:
                            await SaveRecordAsync();
                            break;
                        case 7:
                            Note();
                            break;
                        case 8:
                            await FlushAsync();
                            break;
                        case 9:
                            await KeepAsync();
                            break;
                        case 10:
                            await TrimAsync();
                            break;
                        case 11 or 12:
                            await BuryAsync();
                            break;
                        case 13:
                            await ExhumeAsync();
                            break;
                        default:
                            await run._scheduler.Time.DelayAsync(TimeSpan.FromMilliseconds(_random.Next(1, 3_000)));
                            break;
                    }
                }
                catch (StoreException) when (disk.FailingWrites + disk.FailingSyncs > 0)
                {
                    _isBroken = true;
                }
            }
            await Task.WhenAll(appends);
        }

        /// <summary>The disk works again: everything must heal.</summary>
        public async Task SettleAsync()
        {
            for (int attempt = 0; ; attempt++)
            {
                try
                {
                    await ReopenIfBrokenAsync([]);
                    await AppendAsync();
                    await progress.FlushAsync();
                    if (!_isBroken && (store.Failure is null || attempt >= 3))
                        break;
                    // What went wrong with a file may be told by its next sync only.
                    await run._scheduler.Time.DelayAsync(2 * SyncTimeout);
                }
                catch (StoreException) when (attempt < 3)
                {
                    // What failed before may show once more.
                }
            }
            if (disk.AfterCrash is null)
                Assert.Null(store.Failure);
        }

        /// <summary>All that was noted is in the files.</summary>
        public void CountAsFlushed()
        {
            run._flushed.UnionWith(_noted);
            run._flushedFloor = Math.Max(run._flushedFloor, _notedFloor);
        }

        private async Task ReopenIfBrokenAsync(List<Task> appends)
        {
            if (!_isBroken)
                return;
            await Task.WhenAll(appends);
            appends.Clear();
            _log = (await store.OpenTopicAsync(Topic, create: false))!;
            Next = _log.NextOffset;
            _isBroken = false;
        }

        private async Task AppendAsync()
        {
            int count = _random.Next(1, 5);
            byte[][] bodies = new byte[count][];
            bool isDeferred = _random.Next(5) == 0;
            long[]? dueTimes = isDeferred ? new long[count] : null;
            List<Sent> sent = [];
            for (int i = 0; i < count; i++)
            {
                bodies[i] = Encoding.ASCII.GetBytes($"{run._seed} {run._sequence++} {new string('x', _random.Next(_random.Next(8) == 0 ? 12_000 : 300))}");
                if (dueTimes is not null)
                    dueTimes[i] = _random.Next();
                long offset = Next + i;
                Assert.False(run._seen.Contains(offset), $"offset {offset} is used again");
                Assert.False(run._sent.TryGetValue(offset, out Sent? before) && before.IsAcknowledged, $"offset {offset} is used again");
                Sent message = new(bodies[i], dueTimes?[i]);
                run._sent[offset] = message;
                sent.Add(message);
            }
            MessageBatch batch = MessageBatch.Create(1, bodies);
            batch = new MessageBatch { BaseOffset = Next, Count = count, Records = batch.Records, DueTimes = dueTimes };
            Next += count;
            try
            {
                await _log.AppendAsync(batch, publisher: 1, sequence: run._sequence);
            }
            catch (StoreException)
            {
                _isBroken = true;
                return;
            }
            if (disk.AfterCrash is not null)
                return;
            foreach (Sent message in sent)
            {
                message.IsAcknowledged = true;
                message.AcknowledgedAt = run._scheduler.Time.Now;
            }
        }

        private async Task SaveRecordAsync()
        {
            TopicRecord record = new() { Head = _random.NextInt64(1_000_000) };
            run._possibleHeads.Add(record.Head);
            await _log.SaveRecordAsync(record);
            if (disk.AfterCrash is not null)
                return;
            run._possibleHeads.Clear();
            run._possibleHeads.Add(record.Head);
        }

        private void Note()
        {
            long offset = _random.Next(200);
            if (_random.Next(4) == 0)
            {
                // A channel finishes what it was offered, which is what the log has.
                long floor = Math.Min(_log.End, run._notedFloor + _random.Next(10));
                run._notedFloor = floor;
                _notedFloor = floor;
                progress.Note(new ProgressEntry(ProgressKind.Floor, floor));
                return;
            }
            long end = offset + _random.Next(1, 4);
            for (long finished = offset; finished < end; finished++)
            {
                run._noted.Add(finished);
                _noted.Add(finished);
            }
            progress.Note(new ProgressEntry(ProgressKind.Finished, offset, end));
            progress.Note(new ProgressEntry(ProgressKind.Attempts, offset + 250, 0, 3));
        }

        private async Task FlushAsync()
        {
            // What was noted in an earlier life may be lost.
            long[] noted = [.. _noted];
            long floor = _notedFloor;
            await progress.FlushAsync();
            if (disk.AfterCrash is not null)
                return;
            run._flushed.UnionWith(noted);
            run._flushedFloor = Math.Max(run._flushedFloor, floor);
        }

        private async Task KeepAsync()
        {
            long offset = 200 + _random.Next(50);
            if (run._kept.Contains(offset) || run._noted.Contains(offset))
                return;
            run._keeping.Add(offset);
            await progress.KeepAsync(MessageBatch.Create(1, KeptBody(offset)).At(offset), 1, 5);
            if (disk.AfterCrash is null)
                run._kept.Add(offset);
        }

        private async Task BuryAsync()
        {
            List<DeadLetter> letters = [];
            for (int i = _random.Next(1, 4); i > 0; i--)
            {
                long offset = run._deaths++;
                run._dying.Add(offset);
                letters.Add(new DeadLetter
                {
                    Number = numbers.End + letters.Count,
                    Offset = offset,
                    Attempts = 3,
                    Cause = DeadCause.Requeued,
                    Time = 5,
                    Address = "",
                    ClientId = "c",
                    Record = MessageBatch.Create(1, KeptBody(offset)).Records,
                });
            }
            run._events.Add($"bury {letters[0].Number} to {letters[^1].Number} from {letters[0].Offset}");
            await progress.BuryAsync(letters);
            run._events.Add($"buried, crashed {disk.AfterCrash is not null}");
            if (disk.AfterCrash is not null)
                return;
            foreach (DeadLetter letter in letters)
            {
                numbers.Add(letter.Number, letter.Size);
                run._dead.Add(letter.Offset);
            }
        }

        /// <summary>The first of the dead letters is revived or given up, and the room of such may be given back.</summary>
        private async Task ExhumeAsync()
        {
            if (numbers.Count == 0)
                return;
            OffsetRange first = numbers.Live(0, numbers.End).Skip(_random.Next(2)).FirstOrDefault();
            DeadRead read = await progress.ReadDeadAsync(first.Start, first.End, 1);
            if (disk.AfterCrash is not null || read.Letters is not [var letter])
                return;
            run._events.Add($"exhume {letter.Number}, {letter.Offset}");
            run._leaving.Add(letter.Offset);
            numbers.Remove(letter.Number, letter.Number + 1, letter.Size);
            if (_random.Next(2) == 0)
            {
                await progress.ReviveAsync([letter]);
                if (disk.AfterCrash is null)
                    run._revived.Add(letter.Offset);
            }
            else
            {
                progress.Note(new ProgressEntry(ProgressKind.DeadRemoved, letter.Number, letter.Number + 1, Size: letter.Size));
            }
            if (_random.Next(2) == 0)
                await progress.FreeDeadAsync();
        }

        private async Task TrimAsync()
        {
            long below = Math.Min(_log.End, run._trimmed + _random.Next(20));
            run._trimmed = Math.Max(run._trimmed, below);
            await _log.TrimAsync(below);
        }
    }
}
