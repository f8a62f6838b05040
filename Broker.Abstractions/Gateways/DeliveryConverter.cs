using System.Runtime.InteropServices;
using Broker.Messages;
using Orleans;

namespace Broker.Gateways;

/// <summary>Gathers what a delivery has for another process: a run of one message must not take its whole batch along.</summary>
[RegisterConverter]
public sealed class DeliveryConverter : IConverter<Delivery, DeliverySurrogate>
{
    /// <inheritdoc/>
    public DeliverySurrogate ConvertToSurrogate(in Delivery value)
    {
        RunHeader[] headers = Array.ConvertAll(
            value.Runs, static run => new RunHeader(run.FirstOffset, run.Consumer, run.Count, run.MeasureRecords(), run.Attempts));
        return new DeliverySurrogate
        {
            ChannelKey = value.ChannelKey,
            Incarnation = value.Incarnation,
            Runs = MemoryMarshal.AsBytes<RunHeader>(headers).ToArray(),
            Records = Gather(value.Runs, headers),
            Sent = Array.ConvertAll(value.Runs, static run => run.Sent),
            MessageTimeout = value.MessageTimeout,
        };
    }

    /// <inheritdoc/>
    public Delivery ConvertFromSurrogate(in DeliverySurrogate surrogate)
    {
        ReadOnlySpan<RunHeader> headers = MemoryMarshal.Cast<byte, RunHeader>(surrogate.Runs);
        // Offsets are the runs' own; the batch is no more than their common buffer.
        MessageBatch batch = new() { BaseOffset = MessageBatch.Unassigned, Count = headers.Length, Records = surrogate.Records };
        DeliveryRun[] runs = new DeliveryRun[headers.Length];
        int position = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            RunHeader header = headers[i];
            runs[i] = new DeliveryRun(header.Consumer, batch, position, header.FirstOffset, header.Count, (ushort)header.Attempts, surrogate.Sent?[i] ?? 0);
            position += header.Size;
        }

        return new Delivery
        {
            ChannelKey = surrogate.ChannelKey,
            Incarnation = surrogate.Incarnation,
            Runs = runs,
            MessageTimeout = surrogate.MessageTimeout,
        };
    }

    private static byte[] Gather(DeliveryRun[] runs, RunHeader[] headers)
    {
        int size = headers.Sum(static header => header.Size);
        if (runs.Length == 1 && size == runs[0].Batch.Records.Length)
            return runs[0].Batch.Records;
        byte[] records = GC.AllocateUninitializedArray<byte>(size);
        int position = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            runs[i].Batch.Records.AsSpan(runs[i].Position, headers[i].Size).CopyTo(records.AsSpan(position));
            position += headers[i].Size;
        }

        return records;
    }
}
