namespace Broker.Client;

/// <summary>Hears what arrives on a connection, in order, on its read loop: it must not block, and must not throw.</summary>
internal interface IConnectionOwner
{
    /// <summary>A command was answered. Heartbeats are not passed on.</summary>
    void OnResponse(ReadOnlySpan<byte> data);

    /// <summary>A command was refused.</summary>
    void OnError(NsqServerException error);

    /// <summary>A message came.</summary>
    /// <param name="bytes">Its frame from the type on, the owner's to keep.</param>
    void OnMessage(ArraySegment<byte> bytes);

    /// <summary>What has come so far is passed on: more comes with another read from the socket.</summary>
    void OnRead();

    /// <summary>The connection has ended: nothing comes after this, and it comes once.</summary>
    /// <param name="reason">Why; null after a close that this side asked for.</param>
    void OnClosed(NsqException? reason);
}
