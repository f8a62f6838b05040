using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, consuming: RDY and what it lets through, cases 51 to 58 and 76.</summary>
public sealed class ReadyTests
{
    [Fact]
    public async Task Case_051_Without_RDY_nothing_is_delivered()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");

        await broker.PublishAsync("t", "a");

        await broker.UntilAsync("t", "c", stats => stats is { Depth: 1, InFlight: 0 });
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_052_RDY_without_a_count_is_RDY_1()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");
        await broker.PublishAsync("t", "a", "b");

        await consumer.SendLineAsync("RDY");

        await consumer.ExpectMessageAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 1, InFlight: 1, Consumers: [{ Ready: 1 }] });
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_052_RDY_with_an_empty_count_is_RDY_0()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 5);
        await broker.UntilAsync("t", "c", stats => stats is { Consumers: [{ Ready: 5 }] });

        await consumer.SendLineAsync("RDY ");

        await broker.UntilAsync("t", "c", stats => stats is { Consumers: [{ Ready: 0 }] });
        await broker.PublishAsync("t", "a");
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 1, InFlight: 0 });
        await consumer.ExpectNothingAsync();
    }

    [Theory]
    [InlineData("RDY 2501", "E_INVALID RDY count 2501 out of range 0-2500")]
    [InlineData("RDY -1", "E_INVALID RDY could not parse count -1")]
    [InlineData("RDY x", "E_INVALID RDY could not parse count x")]
    public async Task Case_053_A_count_out_of_range_is_refused(string line, string error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");

        await consumer.SendLineAsync(line);

        await consumer.ExpectFatalAsync(error);
    }

    [Fact]
    public async Task The_greatest_count_is_taken()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 2500);

        await broker.UntilAsync("t", "c", stats => stats is { Consumers: [{ Ready: 2500 }] });
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_054_RDY_is_a_ceiling_of_what_is_in_flight_and_a_FIN_makes_room()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.PublishAsync("t", [.. Enumerable.Range(0, 20).Select(i => $"{i}")]);

        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 5);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(5);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 15, InFlight: 5 });
        await consumer.ExpectNothingAsync();

        await consumer.FinishAsync(messages[2]);
        await consumer.ExpectMessageAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 14, InFlight: 5, Finished: 1 });
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_055_A_lowered_RDY_counts_what_is_in_flight()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 5);
        await broker.PublishAsync("t", "1", "2", "3");
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(3);

        await consumer.ReadyAsync(1);
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 3, Consumers: [{ Ready: 1 }] });
        await broker.PublishAsync("t", [.. Enumerable.Range(4, 10).Select(i => $"{i}")]);
        await consumer.FinishAsync(messages[0]);
        await consumer.FinishAsync(messages[1]);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 10, InFlight: 1, Finished: 2 });
        await consumer.ExpectNothingAsync();

        await consumer.FinishAsync(messages[2]);
        await consumer.ExpectMessageAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 9, InFlight: 1, Finished: 3 });
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_056_RDY_0_stops_deliveries_and_what_is_out_can_be_finished()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 2);
        await broker.PublishAsync("t", "1", "2");
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(2);

        await consumer.ReadyAsync(0);
        await consumer.FinishAsync(messages[0]);
        await consumer.FinishAsync(messages[1]);
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Finished: 2, Consumers: [{ Ready: 0 }] });
        await broker.PublishAsync("t", "3");
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 1, InFlight: 0 });
        await consumer.ExpectNothingAsync();

        await consumer.ReadyAsync(1);
        await consumer.ExpectMessageAsync("3");
    }

    [Fact]
    public async Task Case_057_Attempts_count_deliveries_while_id_and_time_stay()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        DateTimeOffset published = broker.Clock.GetUtcNow();
        await broker.PublishAsync("t", "a");

        NsqMessage first = await consumer.ExpectMessageAsync("a");
        Assert.Equal(1, first.Attempts);
        Assert.Equal((published - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick, first.Timestamp);
        Assert.Matches("^[0-9a-f]{16}$", first.Id);

        TimeSpan waited = await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(65));
        Assert.InRange(waited, TimeSpan.FromSeconds(59), TimeSpan.FromSeconds(65));
        NsqMessage second = await consumer.ExpectMessageAsync("a");
        Assert.Equal((first.Id, first.Timestamp, 2), (second.Id, second.Timestamp, second.Attempts));

        await consumer.RequeueAsync(second, 0);
        NsqMessage third = await consumer.ExpectMessageAsync("a");
        Assert.Equal((first.Id, first.Timestamp, 3), (third.Id, third.Timestamp, third.Attempts));
    }

    [Fact]
    public async Task Case_058_RDY_before_SUB_is_refused()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync("RDY 1");

        await socket.ExpectFatalAsync("E_INVALID cannot RDY in current state");
    }

    [Fact]
    public async Task Case_076_With_RDY_1_a_message_arrives_at_once()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);

        await broker.PublishAsync("t", "a");

        // No time passes here: the message cannot have waited for a flush.
        await consumer.ExpectMessageAsync("a");
    }

    [Fact]
    public async Task Case_076_With_RDY_10_a_single_message_arrives_within_the_output_buffer_timeout()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 10);

        await broker.PublishAsync("t", "a");
        await broker.UntilAsync("t", "c", stats => stats.InFlight == 1);

        // It is in the buffer before time passes.
        await Broker.Tests.Gateway.Eventually.TrueAsync(() => broker.Connections.Any(connection => connection.MessageCount == 1));

        await broker.PassUntilAsync(consumer.ExpectMessageAsync("a"), TimeSpan.FromMilliseconds(400));
    }
}
