using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>Where the body of a message is held by a channel that owns its bodies (an ephemeral one).</summary>
/// <param name="Batch">The batch; null for a channel that reads bodies from the log.</param>
/// <param name="Position">Position of the record in the batch's buffer.</param>
public readonly record struct BodyRef(MessageBatch? Batch, int Position);
