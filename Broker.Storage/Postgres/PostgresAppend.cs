using Broker.Messages;

namespace Broker.Storage.Postgres;

/// <summary>An append that waits to be written.</summary>
/// <param name="batch">The batch with its offsets.</param>
/// <param name="before">What was in the log before it.</param>
/// <param name="publisher">Who publishes; 0 for none.</param>
/// <param name="sequence">The publisher's number for it.</param>
/// <param name="lowest">The publisher's lowest number without an answer; 0 when it is not known.</param>
/// <param name="started">When it was handed over, by the clock of who measures; 0 when nobody does.</param>
/// <param name="posted">When it was handed over, by the clock of the store.</param>
// The caller goes on where it came from (a grain's turn), never where it is written.
internal sealed class PostgresAppend(MessageBatch batch, LogCount before, long publisher, long sequence, long lowest, long started, long posted)
    : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public MessageBatch Batch => batch;

    public LogCount Before => before;

    /// <summary>What is in the log with it.</summary>
    public LogCount After { get; } = LogCounts.Plus(
        before,
        batch.IsDeferred ? new LogCount(0, batch.Count, batch.BodyBytes) : new LogCount(batch.Count, 0, batch.BodyBytes));

    public long Publisher => publisher;

    public long Sequence => sequence;

    public long Lowest => lowest;

    public long Started => started;

    public long Posted => posted;
}
