namespace Broker.Protocol.Client;

/// <summary>What a frame from the server carries; the second 32-bit integer of its header.</summary>
public enum FrameType
{
    /// <summary>Text that answers a command, or a heartbeat.</summary>
    Response = 0,

    /// <summary>An error: a code, a space and a sentence.</summary>
    Error = 1,

    /// <summary>A message; <see cref="MessageFrame"/> reads it.</summary>
    Message = 2,
}
