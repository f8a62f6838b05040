using System.Buffers;
using System.Text;
using BenchmarkDotNet.Attributes;
using Broker.Protocol;
using Broker.Protocol.Client;
using ReceivedLine = Broker.Protocol.CommandLine;

namespace Broker.Bench.Micro;

/// <summary>Parsing commands as a server does; figures are per command, of an MPUB per message.</summary>
[MemoryDiagnoser]
public class CommandParsingBenchmarks
{
    private const int Commands = 1000;
    private const int Messages = 200;
    private const int Size = 200;

    private byte[] _publishes = [];
    private byte[] _finishes = [];
    private byte[] _multi = [];

    [GlobalSetup]
    public void FillBuffers()
    {
        ArrayBufferWriter<byte> publishes = new();
        StringBuilder finishes = new();
        for (int i = 0; i < Commands; i++)
        {
            publishes.WritePublish("topic", new byte[Size]);
            finishes.Append("FIN ").Append(i.ToString("x16")).Append('\n');
        }
        _publishes = publishes.WrittenSpan.ToArray();
        _finishes = Encoding.ASCII.GetBytes(finishes.ToString());
        ArrayBufferWriter<byte> multi = new();
        multi.WriteMultiPublish("topic", [.. Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[Size], Messages)]);
        _multi = multi.WrittenSpan["MPUB topic\n".Length..].ToArray();
    }

    [Benchmark(OperationsPerInvoke = Commands)]
    public long Publish()
    {
        long bytes = 0;
        SequenceReader<byte> reader = new(new ReadOnlySequence<byte>(_publishes));
        while (ReceivedLine.TryRead(ref reader, out ReadOnlySpan<byte> line) == OperationStatus.Done)
        {
            ReceivedLine command = new(line);
            command.TryReadToken(out ReadOnlySpan<byte> topic);
            reader.TryReadBigEndian(out int size);
            reader.Advance(size);
            bytes += topic.Length + size;
        }
        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Commands)]
    public ulong Finish()
    {
        ulong sum = 0;
        SequenceReader<byte> reader = new(new ReadOnlySequence<byte>(_finishes));
        while (ReceivedLine.TryRead(ref reader, out ReadOnlySpan<byte> line) == OperationStatus.Done)
        {
            ReceivedLine command = new(line);
            command.TryReadToken(out ReadOnlySpan<byte> token);
            HexId.TryParse(token, out ulong id);
            sum += id;
        }
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public long MultiPublish()
    {
        MultiPublishBody body = new(1 << 20, 5 << 20);
        body.Advance(new ReadOnlySequence<byte>(_multi), out _);
        return body.MessageBytes;
    }
}
