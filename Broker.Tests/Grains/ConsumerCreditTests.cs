using Broker.Channels;
using Broker.Gateways;
using Broker.Grains;
using Broker.Grains.Channels;
using Broker.Messages;

namespace Broker.Tests.Grains;

/// <summary>The byte window between a channel and a gateway that loses what is said.</summary>
public sealed class ConsumerCreditTests
{
    private const long Window = 2_000;
    private const int Timeout = 1_000;

    private static readonly ChannelLimits Limits = new()
    {
        WindowMessages = 1_000,
        WindowBytes = 1 << 20,
        OwnsBodies = true,
        MaxMessageTimeout = 10_000,
        MaxRequeueDelay = 10_000,
    };

    private readonly AttachedGateway _gateway = new("g", new NoObserver());
    private readonly ChannelQueue _queue = new(Limits, 0, new Random(1));
    private long _now = 1_000_000;

    private Moment Now => new(_now, _now);

    public ConsumerCreditTests() => _queue.Recover(null, [], [], 0);

    /// <summary>Invariant 4: window and bytes out are constant in sum, whatever deliveries and statements got lost, came late or twice.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Window_and_bytes_out_are_constant_after_any_loss(int seed)
    {
        Random random = new(seed);
        Consumer consumer = Join(1, ready: 10);
        long received = 0;
        long bytesOut = 0;
        List<long> inFlight = [];
        Queue<(long Received, long Window)> late = new();
        for (int step = 0; step < 3_000; step++)
        {
            switch (random.Next(8))
            {
                case 0 or 1:
                    Publish(random.Next(1, 900));
                    break;
                case 2:
                    bytesOut -= random.NextInt64(0, bytesOut + 1);
                    break;
                case 3 when inFlight.Count > 0:
                    _queue.Finish(consumer, inFlight[random.Next(inFlight.Count)]);
                    break;
                case 4 when inFlight.Count > 0:
                    long offset = inFlight[random.Next(inFlight.Count)];
                    if (random.Next(2) == 0)
                        _queue.Touch(consumer, offset, _now);
                    else
                        _queue.Requeue(consumer, offset, random.Next(2) * 500, Now);
                    break;
                case 5:
                    (long Received, long Window) statement = (received, Window - bytesOut);
                    if (random.Next(3) == 0)
                        late.Enqueue(statement);
                    for (int times = random.Next(3); times > 0; times--)
                        _queue.SetCredit(consumer, statement.Received, statement.Window);
                    break;
                case 6 when late.TryDequeue(out (long Received, long Window) old):
                    _queue.SetCredit(consumer, old.Received, old.Window);
                    break;
                case 7:
                    _now += random.Next(400);
                    break;
            }
            foreach (DeliveryRun run in Deliver())
            {
                if (random.Next(3) == 0)
                    continue;
                received = Math.Max(received, run.Sent);
                bytesOut += run.MeasureRecords() - (run.Count * MessageBatch.RecordHeaderSize);
                for (int i = 0; i < run.Count; i++)
                    inFlight.Add(run.FirstOffset + i);
            }
        }

        _queue.SetReady(consumer, 0);
        _now += 60_000;
        Deliver();
        _queue.SetCredit(consumer, received, Window - bytesOut);
        Assert.Equal(Window, consumer.Window + bytesOut);
        Assert.Equal(0, consumer.InFlight);
    }

    [Fact]
    public void A_consumer_gets_messages_again_after_deliveries_were_lost()
    {
        Consumer consumer = Join(1, ready: 1);
        for (int i = 0; i < 5; i++)
            Publish(1_000);
        for (int i = 0; i < 20; i++)
        {
            Assert.Single(Deliver());
            Assert.InRange(consumer.Window, 1, Window);
            _now += Timeout;
        }
    }

    [Fact]
    public void What_stays_in_the_output_of_a_client_that_does_not_read_keeps_its_window()
    {
        Consumer consumer = Join(1, ready: 10);
        for (int i = 0; i < 10; i++)
            Publish(1_000);
        long received = Deliver().Max(run => run.Sent);
        for (int i = 0; i < 5; i++)
        {
            _queue.SetCredit(consumer, received, Window - received);
            _now += Timeout;
            Assert.Empty(Deliver());
        }
        Assert.Equal(0, consumer.Window);
    }

    [Fact]
    public void What_was_never_written_goes_back_at_once_and_counts_no_attempt()
    {
        Consumer gone = Join(1, ready: 3);
        for (int i = 0; i < 3; i++)
            Publish(100);
        Assert.Equal(300, Deliver().Max(run => run.Sent));
        Join(2, ready: 3);

        _queue.Leave(gone, written: 100);
        DeliveryRun[] again = Deliver();
        Assert.Equal([(1L, 1), (2L, 1)], again.Select(run => (run.FirstOffset, (int)run.Attempts)));
        Assert.All(again, run => Assert.Equal(2, run.Consumer));
        Assert.Equal(0, _queue.Books.Timeouts);

        // The one that was written waits for its timeout.
        _now += Timeout;
        Assert.Equal([(0L, 2)], Deliver().Where(run => run.FirstOffset == 0).Select(run => (run.FirstOffset, (int)run.Attempts)));
    }

    [Fact]
    public void A_touch_at_the_limit_again_and_again_takes_no_memory()
    {
        Consumer consumer = Join(1, ready: 1);
        Publish(1);
        Deliver();
        _now += 500;
        for (int i = 0; i < 15; i++)
        {
            _queue.Touch(consumer, 0, _now);
            _now += 600;
        }
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10_000; i++)
            Assert.Null(_queue.Touch(consumer, 0, _now));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
        Assert.Equal(1_000_000 + Limits.MaxMessageTimeout, _queue.NextDeadline(Now));
    }

    private Consumer Join(int number, int ready)
    {
        Consumer consumer = new(
            _gateway, new ConsumerAttachment { Consumer = number, MessageTimeout = Timeout, Ready = ready, Window = Window, Received = 0 });
        _queue.Join(consumer, [], Now);
        return consumer;
    }

    private void Publish(int size)
    {
        MessageBatch batch = MessageBatch.Create(5, [new byte[size]]).At(_queue.End);
        Assert.True(_queue.Offer(_queue.End, batch.EndOffset, [batch]));
    }

    private DeliveryRun[] Deliver()
    {
        _queue.Expire(Now);
        _queue.Dispatch(Now);
        DeliveryRun[] runs = [.. _queue.Outgoing.SelectMany(gateway => gateway.Outbox)];
        foreach (AttachedGateway gateway in _queue.Outgoing)
            gateway.Outbox.Clear();
        _queue.Outgoing.Clear();
        return runs;
    }
}
