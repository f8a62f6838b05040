namespace Broker.Channels;

/// <summary>Where a message of a channel stands.</summary>
public enum MessageStage
{
    /// <summary>It waits for a consumer.</summary>
    Waiting = 0,

    /// <summary>It is out with a consumer.</summary>
    InFlight = 1,

    /// <summary>It is not due yet.</summary>
    Deferred = 2,
}
