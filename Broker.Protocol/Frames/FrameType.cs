namespace Broker.Protocol;

/// <summary>What a frame from the server carries (spec 1.2).</summary>
public enum FrameType
{
    /// <summary>The reply to a command, or a heartbeat.</summary>
    Response = 0,

    /// <summary>An error: a code, a space, a text.</summary>
    Error = 1,

    /// <summary>A message; see <see cref="MessageFrame"/>.</summary>
    Message = 2,
}
