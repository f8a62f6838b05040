using Broker.Protocol.Client;

namespace Broker.Client;

/// <summary>A producer's ear on its connection: each response answers its oldest publish.</summary>
internal sealed class ProducerConnection(NsqProducer producer, NsqConnection wire) : IConnectionOwner
{
    public NsqConnection Wire => wire;

    public void OnResponse(ReadOnlySpan<byte> data) => producer.OnAnswer(this, null);

    public void OnError(NsqServerException error) => producer.OnAnswer(this, error);

    public void OnMessage(ArraySegment<byte> bytes) =>
        throw new MalformedFrameException("a message came on a connection that is subscribed to nothing");

    public void OnRead()
    {
    }

    public void OnClosed(NsqException? reason) => producer.OnClosed(this, reason);
}
