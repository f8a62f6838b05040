using Broker.Messages;

namespace Broker.Gateways;

/// <summary>Consecutive records of a batch for one consumer, all with one number of attempts.</summary>
/// <param name="Consumer">The consumer's number within the gateway.</param>
/// <param name="Batch">The batch that holds the records; shared, not copied.</param>
/// <param name="Position">Position of the first record in the batch's buffer.</param>
/// <param name="FirstOffset">Offset of the first record.</param>
/// <param name="Count">Number of records.</param>
/// <param name="Attempts">Deliveries of these messages with this one, 1 to 65535.</param>
/// <param name="Sent">Position of the consumer's stream behind the run: all body bytes that were ever sent to it; 0 from an older channel.</param>
public readonly record struct DeliveryRun(int Consumer, MessageBatch Batch, int Position, long FirstOffset, int Count, ushort Attempts, long Sent = 0)
{
    /// <summary>Bytes that the records take in the batch's buffer; walks them.</summary>
    public int MeasureRecords()
    {
        int end = Position;
        for (int i = 0; i < Count; i++)
            end += Batch.SizeAt(end);
        return end - Position;
    }
}
