using Broker.Channels;
using Broker.Gateway.Consuming;
using Broker.Gateways;
using Broker.Messages;
using Broker.Policies;

namespace Broker.Tests.Gateway;

/// <summary>What a gateway knows of a consumer when deliveries and answers of its channel cross each other.</summary>
public sealed class ConsumerTests
{
    private readonly Consumer _consumer = new(new Connection(), new GatewayOptions()) { Ready = 1 };

    [Fact]
    public void A_message_that_comes_again_before_the_answer_to_its_REQ_is_in_flight()
    {
        Deliver(attempts: 1);
        _consumer.NoteRequeue(0);
        Deliver(attempts: 2);
        Apply(CommandKind.Requeue);
        Assert.Equal((1, 1L, false), (_consumer.InFlight, _consumer.Requeued, _consumer.IsReady));
        Apply(CommandKind.Finish);
        Assert.Equal((0, 1L, true), (_consumer.InFlight, _consumer.Finished, _consumer.IsReady));
    }

    [Fact]
    public void A_message_that_was_requeued_and_has_not_come_again_is_not()
    {
        Deliver(attempts: 1);
        _consumer.NoteRequeue(0);
        Assert.Equal(1, _consumer.InFlight);
        Apply(CommandKind.Requeue);
        Assert.Equal((0, true), (_consumer.InFlight, _consumer.IsReady));
    }

    private void Deliver(ushort attempts)
    {
        MessageBatch batch = MessageBatch.Create(1, "a"u8.ToArray()).At(0);
        _consumer.Receive(new DeliveryRun { Batch = batch, FirstOffset = 0, Count = 1, Attempts = attempts, Consumer = 1 }, now: 1000);
    }

    private void Apply(CommandKind kind) => _consumer.Apply([new ConsumerCommand(0, 0, 1, kind)], [], 0, now: 1000);

    private sealed class Connection : IConsumerConnection
    {
        public int Number => 1;

        public int MessageTimeout => 60_000;

        public bool HasDefaultTimeout => true;

        public int SampleRate => 0;

        public Proximity Proximity => Proximity.Global;

        public string RemoteEndPoint => "127.0.0.1:1";

        public string ClientId => "client";

        public long WrittenUpTo => 0;

        public void Deliver(in DeliveryRun run, int size)
        {
            // What is written is not asked here.
        }

        public void Close() => throw new NotSupportedException("nothing closes it");

        public void CloseOverdrawn(long window, long received, long excess) => throw new NotSupportedException("nothing is written");
    }
}
