using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Gateway;
using Broker.Tests.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Storage.Files;

/// <summary>Who writes an append: its caller while that holds up nobody, else the writer's thread.</summary>
public sealed class LogWriterTests : IAsyncLifetime
{
    private static readonly TimeSpan SyncTimeout = TimeSpan.FromSeconds(2);

    private readonly TemporaryFolder _folder = new();
    private readonly HookedFiles _files = new(new DiskFiles());
    private readonly VirtualTimeProvider _clock = new();
    private FileMessageStore _store = null!;
    private volatile int _writtenBy;

    public async Task InitializeAsync()
    {
        StorageOptions options = new() { DataPath = _folder.Path, SyncEvery = 1_000_000, SyncTimeout = SyncTimeout };
        _store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, _clock, _files);
        _files.Writing = path =>
        {
            if (IsSegment(path))
                _writtenBy = Environment.CurrentManagedThreadId;
        };
    }

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_small_append_is_written_by_its_caller_and_is_complete_at_once()
    {
        Appends log = await OpenAsync("t");

        await UntilWrittenByCallerAsync(log);

        Assert.True(log.Append("b").IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_large_append_is_left_to_the_thread()
    {
        Appends log = await OpenAsync("t");
        await UntilWrittenByCallerAsync(log);

        Task append = log.Append(new string('x', 100_000));

        int caller = Environment.CurrentManagedThreadId;
        await append;
        Assert.NotEqual(caller, _writtenBy);
    }

    [Fact]
    public async Task After_a_slow_write_the_thread_writes_until_one_is_quick()
    {
        Appends log = await OpenAsync("t");
        await UntilWrittenByCallerAsync(log);
        Action<string> note = _files.Writing!;
        _files.Writing = path =>
        {
            note(path);
            _clock.Advance(TimeSpan.FromMilliseconds(2));
        };
        await log.Append("slow");
        _files.Writing = note;

        Task append = log.Append("after");

        int caller = Environment.CurrentManagedThreadId;
        await append;
        Assert.NotEqual(caller, _writtenBy);
        await UntilWrittenByCallerAsync(log);
    }

    [Fact]
    public async Task While_a_caller_is_stuck_in_a_write_others_go_on()
    {
        Appends log = await OpenAsync("t");
        Appends other = await OpenAsync("other");
        await UntilWrittenByCallerAsync(other);
        await UntilWrittenByCallerAsync(log);
        using ManualResetEventSlim isStuck = new();
        using ManualResetEventSlim go = new();
        Action<string> note = _files.Writing!;
        _files.Writing = path =>
        {
            note(path);
            isStuck.Set();
            go.Wait(TimeSpan.FromSeconds(60));
        };
        Task stuck = Task.Run(() => log.Append("stuck"));
        Assert.True(isStuck.Wait(TimeSpan.FromSeconds(60)));
        _files.Writing = note;

        Task append = other.Append("waits for the disk, not for a caller");
        Assert.False(append.IsCompleted);
        go.Set();

        await append;
        await stuck;
    }

    [Fact]
    public async Task While_a_sync_is_under_way_the_thread_writes()
    {
        Appends log = await OpenAsync("t");
        using ManualResetEventSlim isSyncing = new();
        using ManualResetEventSlim go = new();
        _files.Syncing = path =>
        {
            if (!IsSegment(path))
                return;
            isSyncing.Set();
            go.Wait(TimeSpan.FromSeconds(60));
        };
        await log.Append("a");
        _clock.Advance(SyncTimeout);
        Assert.True(isSyncing.Wait(TimeSpan.FromSeconds(60)));

        Task append = log.Append("b");

        int caller = Environment.CurrentManagedThreadId;
        await append;
        Assert.NotEqual(caller, _writtenBy);
        _files.Syncing = null;
        go.Set();
        await UntilWrittenByCallerAsync(log);
    }

    private static bool IsSegment(string path) => path.EndsWith(".log", StringComparison.Ordinal);

    private async Task<Appends> OpenAsync(string topic) => new((await _store.OpenTopicAsync(topic, create: true))!);

    // The first append makes a segment, and the thread may still be busy with what it has acknowledged.
    private Task UntilWrittenByCallerAsync(Appends log) => Eventually.TrueAsync(() =>
    {
        int caller = Environment.CurrentManagedThreadId;
        Task append = log.Append("a");
        bool isComplete = append.IsCompletedSuccessfully;
        append.GetAwaiter().GetResult();
        return isComplete && _writtenBy == caller;
    });

    private sealed class Appends(ITopicLog log)
    {
        private long _next = log.NextOffset;

        public Task Append(string text)
        {
            MessageBatch batch = MessageBatch.Create(1_000, Encoding.UTF8.GetBytes(text)).At(_next++);
            return log.AppendAsync(batch, publisher: 1, sequence: _next).AsTask();
        }
    }
}
