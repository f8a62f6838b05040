using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, consuming: FIN, REQ, TOUCH and time-outs, cases 60 to 71.</summary>
public class InFlightTests
{
    private static readonly TimeSpan MsgTimeout = TimeSpan.FromSeconds(60);

    // Nothing fires early; how late a timer fires is the broker's freedom within reason.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("zzzzzzzzzzzzzzzz")]
    [InlineData("0fedcba987654321")]
    [InlineData("0000000000000000")]
    [InlineData("0000000000000FFF")]
    [InlineData("\"\\\u0001\u00FF????????????")]
    public async Task Case_060_A_FIN_of_an_unknown_id_fails_and_the_connection_goes_on(string id)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);

        await consumer.SendLineAsync($"FIN {id}");

        await consumer.ExpectErrorAsync($"E_FIN_FAILED FIN {id} failed ID not in flight");
        await broker.PublishAsync("t", "a");
        NsqMessage message = await consumer.ExpectMessageAsync("a");
        await consumer.FinishAsync(message);
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Finished: 1 });
    }

    [Fact]
    public async Task Case_061_A_second_FIN_fails()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        NsqMessage message = await consumer.ExpectMessageAsync();

        await consumer.FinishAsync(message);
        await consumer.FinishAsync(message);

        await consumer.ExpectErrorAsync($"E_FIN_FAILED FIN {message.Id} failed ID not in flight");
        await consumer.ExpectNothingAsync();
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Depth: 0, Finished: 1 });
    }

    [Fact]
    public async Task Case_062_Only_the_owner_of_a_message_can_finish_requeue_or_touch_it()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket owner = await broker.SubscribeAsync("t", "c", ready: 1);
        NsqSocket other = await broker.SubscribeAsync("t", "c");
        await broker.PublishAsync("t", "a");
        NsqMessage message = await owner.ExpectMessageAsync();

        await other.FinishAsync(message);
        await other.ExpectErrorAsync($"E_FIN_FAILED FIN {message.Id} failed client does not own message");
        await other.RequeueAsync(message, 0);
        await other.ExpectErrorAsync($"E_REQ_FAILED REQ {message.Id} failed client does not own message");
        await other.TouchAsync(message);
        await other.ExpectErrorAsync($"E_TOUCH_FAILED TOUCH {message.Id} failed client does not own message");
        await other.ExpectNothingAsync();

        await owner.FinishAsync(message);
        await owner.ExpectNothingAsync();
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Depth: 0, Finished: 1 });
    }

    [Fact]
    public async Task Case_064_A_REQ_of_two_hours_defers_for_the_one_that_is_allowed()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");

        await consumer.RequeueAsync(await consumer.ExpectMessageAsync(), 7_200_000);
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 1, InFlight: 0, Depth: 0, Requeued: 1 });
        await broker.PassAsync(TimeSpan.FromSeconds(3599), consumer);
        await consumer.ExpectNothingAsync();

        await broker.PassUntilFrameAsync(consumer, Slack);
        NsqMessage redelivery = await consumer.ExpectMessageAsync("a");
        Assert.Equal(2, redelivery.Attempts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    public async Task Case_064_A_REQ_without_delay_is_immediate(string delay)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        NsqMessage message = await consumer.ExpectMessageAsync();

        await consumer.SendLineAsync($"REQ {message.Id} {delay}");

        Assert.Equal(2, (await consumer.ExpectMessageAsync("a")).Attempts);
        await broker.UntilAsync("t", "c", stats => stats is { Requeued: 1, InFlight: 1 });
    }

    [Fact]
    public async Task Case_066_A_REQ_of_500_ms_defers_for_500_ms()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");

        await consumer.RequeueAsync(await consumer.ExpectMessageAsync(), 500);
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 1, Requeued: 1, Depth: 0, InFlight: 0 });
        TimeSpan waited = await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(1));
        await consumer.ExpectMessageAsync("a");

        Assert.InRange(waited, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1));
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 0, Requeued: 1, InFlight: 1 });
    }

    [Fact]
    public async Task Case_067_A_TOUCH_starts_the_time_out_anew()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        NsqMessage message = await consumer.ExpectMessageAsync();

        await broker.PassAsync(TimeSpan.FromSeconds(50), consumer);
        await consumer.TouchAsync(message);
        await consumer.ExpectNothingAsync();
        await broker.PassAsync(TimeSpan.FromSeconds(58), consumer);
        await consumer.ExpectNothingAsync();
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 1, TimedOut: 0 });

        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(2) + Slack);
        NsqMessage redelivery = await consumer.ExpectMessageAsync("a");
        Assert.Equal(2, redelivery.Attempts);
    }

    [Fact]
    public async Task Case_068_No_TOUCH_keeps_a_message_longer_than_15_minutes()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        NsqMessage message = await consumer.ExpectMessageAsync();

        for (int seconds = 0; seconds < 880; seconds += 40)
        {
            await broker.PassAsync(TimeSpan.FromSeconds(40), consumer);
            await consumer.TouchAsync(message);
            await consumer.ExpectNothingAsync();
        }

        // 880 s are gone, and the last touch asked for 60 more.
        await broker.PassAsync(TimeSpan.FromSeconds(19), consumer);
        await consumer.ExpectNothingAsync();
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(1) + Slack);
        NsqMessage redelivery = await consumer.ExpectMessageAsync("a");
        Assert.Equal(2, redelivery.Attempts);
    }

    [Theory]
    [InlineData("TOUCH 0fedcba987654321", "E_TOUCH_FAILED TOUCH 0fedcba987654321 failed ID not in flight")]
    [InlineData("REQ 0fedcba987654321 10", "E_REQ_FAILED REQ 0fedcba987654321 failed ID not in flight")]
    public async Task Case_069_A_TOUCH_or_REQ_of_an_unknown_id_fails_and_the_connection_goes_on(string line, string error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");

        await consumer.SendLineAsync(line);

        await consumer.ExpectErrorAsync(error);
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_070_What_a_lost_consumer_held_comes_back_at_its_time_out_and_not_at_once()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket lost = await broker.SubscribeAsync("t", "c", ready: 3);
        await broker.PublishAsync("t", "1", "2", "3");
        await lost.ExpectMessagesAsync(3);
        NsqSocket other = await broker.SubscribeAsync("t", "c", ready: 3);

        lost.Abort();
        await broker.UntilAsync("t", "c", stats => stats is { ConsumerCount: 1, InFlight: 3, Depth: 0 });
        await broker.PassAsync(TimeSpan.FromSeconds(58), other);
        await other.ExpectNothingAsync();

        await broker.PassUntilFrameAsync(other, TimeSpan.FromSeconds(2) + Slack);
        NsqMessage[] redelivery = await other.ExpectMessagesAsync(3);
        Assert.Equal(["1", "2", "3"], redelivery.Select(message => message.Text).Order());
        Assert.All(redelivery, message => Assert.Equal(2, message.Attempts));
        await broker.UntilAsync("t", "c", stats => stats is { TimedOut: 3, Requeued: 0, InFlight: 3 });
    }

    [Fact]
    public async Task Case_071_A_time_out_is_counted_and_its_consumer_is_not_told()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        NsqMessage message = await consumer.ExpectMessageAsync();
        await consumer.ReadyAsync(0);

        await broker.PassAsync(MsgTimeout + Slack, consumer);

        await broker.UntilAsync("t", "c", stats => stats is { TimedOut: 1, Requeued: 0, InFlight: 0, Depth: 1, ConsumerCount: 1 });
        await consumer.ExpectNothingAsync();
        await consumer.FinishAsync(message);
        await consumer.ExpectErrorAsync($"E_FIN_FAILED FIN {message.Id} failed ID not in flight");
        await consumer.ReadyAsync(1);
        Assert.Equal(2, (await consumer.ExpectMessageAsync("a")).Attempts);
    }

    [Fact]
    public async Task A_message_times_out_after_the_time_that_its_consumer_asked_for()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.OpenAsync();
        Assert.Equal("OK", await consumer.IdentifyAsync("""{"msg_timeout":2000}"""));
        await consumer.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        await consumer.ExpectMessageAsync("a");

        TimeSpan waited = await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(3));
        await consumer.ExpectMessageAsync("a");

        Assert.InRange(waited, TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(3));
    }
}
