using Broker.Channels;
using Broker.Gateways;

namespace Broker.Gateway.Consuming;

/// <summary>The connection of a consumer, as the side of the channel sees it.</summary>
internal interface IConsumerConnection
{
    /// <summary>Number of the connection, and of its consumer, unique within the gateway.</summary>
    int Number { get; }

    /// <summary>Message timeout in milliseconds.</summary>
    int MessageTimeout { get; }

    /// <summary>Whether that is the gateway's default, because the client asked for none.</summary>
    bool HasDefaultTimeout { get; }

    /// <summary>0, or 1 to 99 (spec 1.10).</summary>
    int SampleRate { get; }

    /// <summary>How near the client is to this broker.</summary>
    Proximity Proximity { get; }

    /// <summary>The client's address and port; empty for a unix socket.</summary>
    string RemoteEndPoint { get; }

    /// <summary>The client's id as it gave it.</summary>
    string ClientId { get; }

    /// <summary>The position in the consumer's stream up to which messages were written to the socket.</summary>
    long WrittenUpTo { get; }

    /// <summary>Queues messages; never waits.</summary>
    /// <param name="run">The messages.</param>
    /// <param name="size">Bytes that their records take.</param>
    void Deliver(in DeliveryRun run, int size);

    /// <summary>Closes the connection without an error frame.</summary>
    void Close();

    /// <summary>Closes the connection, whose window would be wider than it ever may: more bytes have left it than came.</summary>
    /// <param name="window">Bytes that the window is wide at most.</param>
    /// <param name="received">Bytes of bodies that came since the consumer joined.</param>
    /// <param name="excess">Bytes that have left beyond that.</param>
    void CloseOverdrawn(long window, long received, long excess);
}
