namespace Broker.Gateway.Sockets;

/// <summary>What a connection's buffers hold before the other side has to wait, in bytes.</summary>
/// <param name="Unread">Of what the client sent and nobody has read.</param>
/// <param name="Unsent">Of what is to be sent and the client does not take.</param>
internal sealed record SocketLimits(long Unread, long Unsent);
