using BenchmarkDotNet.Attributes;
using Broker.Channels;
using Broker.Events;
using Broker.Gateways;
using Broker.Grains.Channels;
using Broker.Messages;

namespace Broker.Bench.Micro;

/// <summary>A message's way through a channel: offered, handed to a consumer, finished; figures are per message.</summary>
[MemoryDiagnoser]
public class ChannelQueueBenchmarks
{
    private const int Messages = 200;
    private const int Size = 200;
    private const long Published = 1_000_000_000;

    private readonly byte[] _records = MessageBatch.Create(Published, [.. Enumerable.Range(0, Messages).Select(_ => new byte[Size])]).Records;
    private readonly MessageBatch[] _offer = new MessageBatch[1];
    private ChannelQueue _queue = null!;
    private AttachedGateway _gateway = null!;
    private Consumer _consumer = null!;
    private long _end;

    /// <summary>Messages that are in flight all the while, besides those of the batch.</summary>
    [Params(0, 100_000)]
    public int InFlight { get; set; }

    /// <summary>Whether times from publish to FIN are kept, for metrics and for percentiles.</summary>
    [Params(false, true)]
    public bool Latencies { get; set; }

    [GlobalSetup]
    public void Join()
    {
        ChannelLimits limits = new()
        {
            WindowMessages = 10_000,
            WindowBytes = 16 << 20,
            OwnsBodies = false,
            MaxMessageTimeout = 900_000,
            MaxRequeueDelay = 3_600_000,
        };
        _queue = new ChannelQueue(limits, start: 0, new Random(1))
        {
            Latencies = Latencies ? new LatencyHistogram() : null,
            RecentLatencies = Latencies ? new LatencyWindow(long.MaxValue / 2, Published) : null,
        };
        _gateway = new AttachedGateway("gateway", new NoObserver());
        _end = 0;
        _consumer = new Consumer(_gateway, new ConsumerAttachment { Consumer = 1, MessageTimeout = 60_000, Ready = int.MaxValue, Window = long.MaxValue });
        _queue.Join(_consumer, [], default);
        while (_queue.InFlight < InFlight)
            Offer();
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public long OfferDispatchFinish()
    {
        long first = _end;
        Offer();
        for (long offset = first; offset < _end; offset++)
            _queue.Finish(_consumer, offset, Published + (offset % 64 * 1_000_000));
        _queue.CompleteNotes();
        _queue.Notes.Clear();
        return _queue.Books.Finished;
    }

    private void Offer()
    {
        _offer[0] = new MessageBatch { BaseOffset = _end, Count = Messages, Records = _records };
        _queue.Offer(_end, _end + Messages, _offer);
        _end += Messages;
        _queue.Dispatch(default);
        _gateway.Outbox.Clear();
        _queue.Outgoing.Clear();
    }

    private sealed class NoObserver : IGatewayObserver
    {
        public void Deliver(Delivery delivery)
        {
        }

        public void Close(string channelKey, long incarnation)
        {
        }

        public void Happened(BrokerEvent happened)
        {
        }
    }
}
