using BenchmarkDotNet.Attributes;
using Broker.Messages;

namespace Broker.Bench.Micro;

/// <summary>Making a batch and walking through it; figures are per message.</summary>
[MemoryDiagnoser]
public class MessageBatchBenchmarks
{
    private const int Messages = 200;
    private const int Size = 200;

    private readonly byte[][] _bodies = [.. Enumerable.Range(0, Messages).Select(_ => new byte[Size])];
    private MessageBatch _batch = MessageBatch.Create(0, [[]]);

    [GlobalSetup]
    public void FillBatch() => _batch = MessageBatch.Create(0, _bodies);

    [Benchmark(OperationsPerInvoke = Messages)]
    public MessageBatch Create() => MessageBatch.Create(0, _bodies);

    [Benchmark(OperationsPerInvoke = Messages)]
    public long Walk()
    {
        long bytes = 0;
        int position = 0;
        for (int i = 0; i < _batch.Count; i++)
        {
            bytes += _batch.TimestampAt(position);
            position += _batch.SizeAt(position);
        }
        return bytes + position;
    }
}
