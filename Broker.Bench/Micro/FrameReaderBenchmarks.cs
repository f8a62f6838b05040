using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Broker.Protocol.Client;

namespace Broker.Bench.Micro;

/// <summary>Cutting a received buffer into message frames; figures are per message.</summary>
[MemoryDiagnoser]
public class FrameReaderBenchmarks
{
    private const int Messages = 1000;

    private byte[] _received = [];

    /// <summary>Bytes of each message's body.</summary>
    [Params(200)]
    public int Size { get; set; }

    [GlobalSetup]
    public void FillBuffer()
    {
        int frameSize = FrameReader.HeaderSize + MessageFrame.HeaderSize + Size;
        _received = new byte[Messages * frameSize];
        for (int position = 0; position < _received.Length; position += frameSize)
        {
            BinaryPrimitives.WriteInt32BigEndian(_received.AsSpan(position), frameSize - sizeof(int));
            BinaryPrimitives.WriteInt32BigEndian(_received.AsSpan(position + sizeof(int)), (int)FrameType.Message);
        }
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public long ReadFromSpan()
    {
        long bytes = 0;
        ReadOnlySpan<byte> unread = _received;
        while (FrameReader.TryRead(ref unread, out Frame frame))
            bytes += new MessageFrame(frame.Data).Body.Length;
        return bytes;
    }
}
