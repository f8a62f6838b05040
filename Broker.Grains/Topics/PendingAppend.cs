using Broker.Messages;

namespace Broker.Grains.Topics;

/// <summary>An append whose outcome is not known yet.</summary>
/// <param name="Publisher">Who publishes.</param>
/// <param name="Sequence">The publisher's number for it.</param>
/// <param name="Lowest">The publisher's lowest number without an answer; 0 when it is not known.</param>
/// <param name="Batch">The batch with its offsets.</param>
public sealed record PendingAppend(long Publisher, long Sequence, long Lowest, MessageBatch Batch)
{
    /// <summary>Why it failed, or null when it did not; for those who sent the same request again meanwhile.</summary>
    public Task<string?>? Outcome { get; set; }

    /// <summary>When it was handed to the log; null when nobody wants to know.</summary>
    public DateTimeOffset? Started { get; set; }
}
