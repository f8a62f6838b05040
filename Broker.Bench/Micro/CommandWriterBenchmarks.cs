using System.Buffers;
using BenchmarkDotNet.Attributes;
using Broker.Protocol.Client;

namespace Broker.Bench.Micro;

/// <summary>Writing commands; figures are per message.</summary>
[MemoryDiagnoser]
public class CommandWriterBenchmarks
{
    private const int Messages = 200;
    private const int Size = 200;

    private readonly ArrayBufferWriter<byte> _output = new(1 << 17);
    private readonly byte[] _id = new byte[MessageFrame.IdSize];
    private readonly byte[] _body = new byte[Size];
    private readonly ReadOnlyMemory<byte>[] _bodies = new ReadOnlyMemory<byte>[Messages];

    [GlobalSetup]
    public void FillBatch() => Array.Fill(_bodies, _body);

    [Benchmark(OperationsPerInvoke = Messages)]
    public int Finish()
    {
        _output.ResetWrittenCount();
        for (int i = 0; i < Messages; i++)
            _output.WriteFinish(_id);
        return _output.WrittenCount;
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public int Publish()
    {
        _output.ResetWrittenCount();
        for (int i = 0; i < Messages; i++)
            _output.WritePublish("bench", _body);
        return _output.WrittenCount;
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public int MultiPublish()
    {
        _output.ResetWrittenCount();
        _output.WriteMultiPublish("bench", _bodies);
        return _output.WrittenCount;
    }
}
