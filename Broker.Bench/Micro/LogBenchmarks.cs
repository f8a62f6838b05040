using BenchmarkDotNet.Attributes;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Bench.Micro;

/// <summary>Appending to a topic's log in files and reading it; figures are per message.</summary>
[MemoryDiagnoser]
public class LogBenchmarks
{
    private const int Messages = 200;
    private const int Size = 200;
    private const int Concurrent = 8;
    private const int ReadBytes = 512 << 10;

    private readonly byte[] _records = MessageBatch.Create(0, [.. Enumerable.Range(0, Messages).Select(_ => new byte[Size])]).Records;
    private readonly ValueTask[] _appends = new ValueTask[Concurrent];
    private string _folder = "";
    private FileMessageStore _store = null!;
    private ITopicLog _log = null!;
    private long _end;
    private long _cursor;

    // The runner within the process does not wait for asynchronous set-ups.
    [GlobalSetup]
    public void Open() => OpenAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Close() => CloseAsync().GetAwaiter().GetResult();

    /// <summary>One batch at a time, each awaited.</summary>
    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task Append()
    {
        await Next();
        await TrimAsync();
    }

    /// <summary>Several batches under way, which are written as a group.</summary>
    [Benchmark(OperationsPerInvoke = Messages * Concurrent)]
    public async Task AppendConcurrent()
    {
        for (int i = 0; i < Concurrent; i++)
            _appends[i] = Next();
        for (int i = 0; i < Concurrent; i++)
            await _appends[i];
        await TrimAsync();
    }

    /// <summary>Stretches of the log, as a channel with a backlog reads them.</summary>
    [Benchmark(OperationsPerInvoke = ReadBytes / (Size + MessageBatch.RecordHeaderSize))]
    public async Task<int> Read()
    {
        LogRead read = await _log.ReadAsync(_cursor, _log.End, ReadBytes);
        _cursor = read.End < _log.End ? read.End : _log.Start;
        return read.Batches.Count;
    }

    private async Task OpenAsync()
    {
        _folder = Directory.CreateTempSubdirectory("broker-bench-").FullName;
        _store = await FileMessageStore.OpenAsync(new StorageOptions { DataPath = _folder }, NullLogger.Instance, TimeProvider.System);
        _log = (await _store.OpenTopicAsync("topic", create: true))!;
        _end = _cursor = _log.NextOffset;
        for (int i = 0; i < 100; i++)
            await AppendConcurrent();
    }

    private async Task CloseAsync()
    {
        await _log.DisposeAsync();
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private ValueTask Next()
    {
        MessageBatch batch = new() { BaseOffset = _end, Count = Messages, Records = _records };
        _end += Messages;
        return _log.AppendAsync(batch, publisher: 0, sequence: 0);
    }

    // A run appends gigabytes.
    private ValueTask TrimAsync() => _end % (Messages * 4000) == 0 ? _log.TrimAsync(_end - (Messages * 4000)) : ValueTask.CompletedTask;
}
