using System.Buffers;
using Broker.Protocol.Client;

namespace Broker.Bench.Load;

/// <summary>
/// Ready-made publish commands of equal length in one buffer, used round and round: publishing is to set the time stamps
/// and to send. Because no more commands await their answer than there are, one is never written while it is being sent.
/// </summary>
public sealed class PublishRing
{
    private const long LargestSize = 1L << 30;

    private readonly byte[] _commands;
    private readonly int _bodyOffset;
    private readonly int _bodyStride;
    private readonly int _batch;
    private readonly int _bodySize;

    /// <param name="topics">Topic of each command; names of equal length.</param>
    /// <param name="batch">Messages of each command.</param>
    /// <param name="bodySize">Bytes of each message's body.</param>
    public PublishRing(IReadOnlyList<string> topics, int batch, int bodySize)
    {
        if ((long)topics.Count * batch * (bodySize + sizeof(int)) > LargestSize)
            throw new LoadException("so many messages of that size cannot await their answer: lower --pipeline, --batch, --size or --topics");
        _batch = batch;
        _bodySize = bodySize;
        _bodyStride = sizeof(int) + bodySize;
        byte[] body = new byte[bodySize];
        // Neither constant nor a pattern that a compressing file system or network would make light of.
        new Random(bodySize).NextBytes(body);
        MessageStamp.Prepare(body);
        ReadOnlyMemory<byte>[] bodies = new ReadOnlyMemory<byte>[batch];
        Array.Fill(bodies, body);
        ArrayBufferWriter<byte> commands = new();
        foreach (string topic in topics)
        {
            if (batch == 1)
                commands.WritePublish(topic, body);
            else
                commands.WriteMultiPublish(topic, bodies);
        }
        _commands = commands.WrittenSpan.ToArray();
        Length = topics.Count;
        CommandSize = _commands.Length / Length;
        _bodyOffset = CommandSize - batch * _bodyStride + sizeof(int);
    }

    /// <summary>Number of commands.</summary>
    public int Length { get; }

    /// <summary>Bytes of a command.</summary>
    public int CommandSize { get; }

    /// <summary>Stamps all messages of the command with a number that counts on, round after round.</summary>
    public void Stamp(long number, long moment)
    {
        if (_bodySize < MessageStamp.Size)
            return;
        int offset = (int)(number % Length) * CommandSize + _bodyOffset;
        for (int i = 0; i < _batch; i++, offset += _bodyStride)
            MessageStamp.Write(_commands.AsSpan(offset), moment);
    }

    /// <summary>The bytes from a position that counts on, round after round, to another; cut where the buffer ends.</summary>
    public ReadOnlySpan<byte> Between(long from, long to)
    {
        int start = (int)(from % _commands.Length);
        return _commands.AsSpan(start, (int)Math.Min(to - from, _commands.Length - start));
    }
}
