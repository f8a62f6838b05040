using Broker.Bench.Load;

namespace Broker.Bench.Versus.Clients;

/// <summary>The messages of one publish, used again once they are acknowledged.</summary>
internal sealed class PublishSlot
{
    private readonly byte[] _body;

    public PublishSlot(int size, int batch)
    {
        _body = new byte[size];
        new Random(size).NextBytes(_body);
        MessageStamp.Prepare(_body);
        // All have the same stamp, so one body serves them all.
        ReadOnlyMemory<byte>[] bodies = new ReadOnlyMemory<byte>[batch];
        Array.Fill(bodies, _body);
        Bodies = bodies;
    }

    /// <summary>The bodies of its messages.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Bodies { get; }

    /// <summary>Says when they were meant to be sent.</summary>
    public void Stamp(long moment)
    {
        if (_body.Length >= MessageStamp.Size)
            MessageStamp.Write(_body, moment);
    }
}
