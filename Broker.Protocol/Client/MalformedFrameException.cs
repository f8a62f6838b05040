namespace Broker.Protocol.Client;

/// <summary>What arrived cannot be a frame, so nothing after it on this connection can be trusted.</summary>
public sealed class MalformedFrameException(string message) : IOException(message);
