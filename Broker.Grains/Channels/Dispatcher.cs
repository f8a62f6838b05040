using System.Buffers.Binary;
using Broker.Channels;
using Broker.Gateways;
using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>Hands ready messages to the consumers that have credit, the nearest first, into the outboxes of their gateways.</summary>
internal sealed class Dispatcher(
    ChannelLimits limits,
    Random random,
    MessageWindow window,
    Redeliveries redeliveries,
    InFlightTable inFlight,
    ProgressNotes notes,
    Throttle throttle,
    Expiry expiry,
    QueueBooks books)
{
    private readonly LinkedList<Consumer>[] _waiting = [new(), new(), new()];
    private bool _redeliverNext;

    /// <summary>Gateways with deliveries in their outbox.</summary>
    public List<AttachedGateway> Outgoing { get; } = [];

    /// <summary>Whether some consumer could take a message now.</summary>
    public bool HasCredit => _waiting[0].Count > 0 || _waiting[1].Count > 0 || _waiting[2].Count > 0;

    /// <summary>Puts a consumer among those that can take messages, or takes it out, after its credit changed.</summary>
    public void UpdateCredit(Consumer consumer)
    {
        bool waits = !consumer.Detached && consumer.Credit > 0;
        if (waits == (consumer.Waiting is not null))
            return;
        LinkedList<Consumer> list = _waiting[(int)consumer.Proximity];
        if (waits)
        {
            consumer.Waiting = consumer.Node;
            list.AddLast(consumer.Node);
        }
        else
        {
            list.Remove(consumer.Node);
            consumer.Waiting = null;
        }
    }

    /// <summary>Hands out what can be handed out. The time is that of the steady clock, in milliseconds.</summary>
    public void Dispatch(long now)
    {
        long room = throttle.IsSet ? throttle.RoomAt(now) : long.MaxValue;
        while (true)
        {
            LinkedList<Consumer>? waiting = Nearest();
            long ready = window.Runs.Messages + redeliveries.Runs.Messages;
            if (waiting is null || ready == 0)
                return;
            if (room == 0)
            {
                throttle.Hold(now);
                return;
            }

            Consumer consumer = waiting.First!.Value;
            int share = (int)Math.Min(consumer.Credit, Math.Max(1, Math.Min(ready, room) / waiting.Count));
            int before = inFlight.Count;
            Send(consumer, share, now);
            // What comes next has expired and has to wait until others like it are buried.
            if (window.Runs.Messages + redeliveries.Runs.Messages == ready)
                return;
            if (throttle.IsSet)
            {
                room -= inFlight.Count - before;
                throttle.Count(inFlight.Count - before);
            }

            if (consumer.Waiting is { } node && consumer.Credit > 0)
            {
                waiting.Remove(node);
                waiting.AddLast(node);
            }

            UpdateCredit(consumer);
        }
    }

    private LinkedList<Consumer>? Nearest()
    {
        for (int proximity = 2; proximity >= 0; proximity--)
        {
            if (_waiting[proximity].Count > 0)
                return _waiting[proximity];
        }

        return null;
    }

    // Sends up to count messages from one source; redeliveries and the window take turns, so that neither starves the other.
    private void Send(Consumer consumer, int count, long now)
    {
        bool redeliver = redeliveries.Runs.RunCount > 0 && (_redeliverNext || window.Runs.RunCount == 0);
        _redeliverNext = !redeliver;
        RunQueue source = redeliver ? redeliveries.Runs : window.Runs;
        while (count > 0 && source.RunCount > 0 && consumer.Window > 0)
        {
            ReadyRun run = source.First;
            int taken = SendRun(consumer, run, Math.Min(count, run.Count), now, out int position);
            if (redeliver)
                source.Take(taken, position);
            else
                window.Take(run, taken, position);
            if (taken == 0)
                return;
            count -= taken;
        }
    }

    private int SendRun(Consumer consumer, in ReadyRun run, int count, long now, out int position)
    {
        ReadOnlySpan<byte> records = run.Batch.Records;
        ushort attempts = (ushort)Math.Min(run.Attempts + 1, ushort.MaxValue);
        position = run.Position;
        int start = position;
        int sent = 0;
        int taken = 0;
        while (taken < count && consumer.Window > 0)
        {
            long offset = run.FirstOffset + taken;
            int size = BinaryPrimitives.ReadInt32BigEndian(records[position..]);
            long published = BinaryPrimitives.ReadInt64BigEndian(records[(position + sizeof(int))..]);
            bool hasExpired = published <= expiry.UpTo;
            if (hasExpired && !expiry.TryTake(offset, run.Attempts))
                break;
            if (hasExpired || (consumer.SampleRate > 0 && random.Next(100) > consumer.SampleRate))
            {
                EmitRun(consumer, run.Batch, start, offset - sent, sent, attempts);
                sent = 0;
                start = position + MessageBatch.RecordHeaderSize + size;
                if (!hasExpired)
                {
                    books.Discard(DiscardCause.Sampled);
                    notes.Finish(offset);
                }
            }
            else
            {
                consumer.Sent += size;
                inFlight.Add(offset, attempts, consumer, now, published, limits.OwnsBodies ? new BodyRef(run.Batch, position) : default);
                consumer.InFlight++;
                sent++;
            }

            position += MessageBatch.RecordHeaderSize + size;
            taken++;
        }

        EmitRun(consumer, run.Batch, start, run.FirstOffset + taken - sent, sent, attempts);
        return taken;
    }

    private void EmitRun(Consumer consumer, MessageBatch batch, int position, long firstOffset, int count, ushort attempts)
    {
        if (count == 0)
            return;
        consumer.Delivered += count;
        books.DeliveriesByProximity[limits.TopologyAware ? (int)consumer.Proximity : 0] += count;
        AttachedGateway gateway = consumer.Gateway;
        if (gateway.Outbox.Count == 0)
            Outgoing.Add(gateway);
        gateway.Outbox.Add(new DeliveryRun(consumer.Number, batch, position, firstOffset, count, attempts, consumer.Sent));
    }
}
