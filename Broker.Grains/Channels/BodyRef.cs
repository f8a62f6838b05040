using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>Where the body of a message is held by a channel that owns its bodies (an ephemeral one).</summary>
/// <param name="Batch">The batch; null for a channel that reads bodies from the log.</param>
/// <param name="Position">Position of the record in the batch's buffer.</param>
public readonly record struct BodyRef(MessageBatch? Batch, int Position)
{
    /// <summary>The record by itself: a single message must not pin the batch that it came in.</summary>
    public BodyRef Detached()
    {
        if (Batch is not { Count: > 1 })
            return this;
        byte[] record = Batch.Records.AsSpan(Position, Batch.SizeAt(Position)).ToArray();
        return new BodyRef(new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = 1, Records = record }, 0);
    }
}
