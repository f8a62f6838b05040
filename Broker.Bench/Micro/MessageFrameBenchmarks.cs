using BenchmarkDotNet.Attributes;
using Broker.Protocol;

namespace Broker.Bench.Micro;

/// <summary>Writing message frames into a buffer; figures are per message.</summary>
[MemoryDiagnoser]
public class MessageFrameBenchmarks
{
    private const int Messages = 1000;
    private const int Size = 200;

    private readonly byte[] _body = new byte[Size];
    private readonly byte[] _buffer = new byte[Messages * (MessageFrame.HeaderSize + Size)];

    [Benchmark(OperationsPerInvoke = Messages)]
    public int Write()
    {
        Span<byte> buffer = _buffer;
        int position = 0;
        for (int i = 0; i < Messages; i++)
        {
            MessageFrame.WriteHeader(buffer[position..], timestamp: i, attempts: 1, id: (ulong)i, Size);
            position += MessageFrame.HeaderSize;
            _body.CopyTo(buffer[position..]);
            position += Size;
        }
        return position;
    }
}
