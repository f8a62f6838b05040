using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, consuming: SUB and CLS, cases 72 to 75, and the names and conditions that SUB checks.</summary>
public sealed class SubscriptionTests
{
    [Fact]
    public async Task Case_072_After_CLS_nothing_is_delivered_and_what_is_out_can_be_finished()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "1");
        NsqMessage message = await consumer.ExpectMessageAsync();

        await consumer.SendLineAsync("CLS");
        await consumer.ExpectResponseAsync("CLOSE_WAIT");
        await consumer.ReadyAsync(5);
        await consumer.TouchAsync(message);
        await consumer.FinishAsync(message);
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Finished: 1, Consumers: [{ Ready: 0 }] });
        await broker.PublishAsync("t", "2");
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 1, InFlight: 0 });
        await consumer.ExpectNothingAsync();

        await broker.PassUntilHeartbeatAsync(consumer, TimeSpan.FromSeconds(35));
        await consumer.SendLineAsync("CLS");
        await consumer.ExpectFatalAsync("E_INVALID cannot CLS in current state");
    }

    [Theory]
    [InlineData("RDY x")]
    [InlineData("RDY 2501")]
    [InlineData("RDY -1")]
    public async Task Case_072_After_CLS_even_a_wrong_RDY_is_ignored(string line)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");
        await consumer.SendLineAsync("CLS");
        await consumer.ExpectResponseAsync("CLOSE_WAIT");

        await consumer.SendLineAsync(line);

        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_072_After_CLS_a_message_can_be_requeued_for_others()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket leaving = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        NsqMessage message = await leaving.ExpectMessageAsync();
        NsqSocket staying = await broker.SubscribeAsync("t", "c", ready: 1);

        await leaving.SendLineAsync("CLS");
        await leaving.ExpectResponseAsync("CLOSE_WAIT");
        await leaving.RequeueAsync(message, 0);

        Assert.Equal(2, (await staying.ExpectMessageAsync("a")).Attempts);
    }

    [Theory]
    [InlineData("SUB t c", "E_INVALID cannot SUB in current state")]
    [InlineData("IDENTIFY", "E_INVALID cannot IDENTIFY in current state")]
    [InlineData("AUTH", "E_INVALID cannot AUTH in current state")]
    public async Task After_CLS_only_what_finishes_is_allowed(string line, string error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");
        await consumer.SendLineAsync("CLS");
        await consumer.ExpectResponseAsync("CLOSE_WAIT");

        await consumer.SendLineAsync(line);

        await consumer.ExpectFatalAsync(error);
    }

    [Fact]
    public async Task Case_073_CLS_before_SUB_is_refused()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync("CLS");

        await socket.ExpectFatalAsync("E_INVALID cannot CLS in current state");
    }

    [Theory]
    [InlineData("SUB t c", "E_INVALID cannot SUB in current state")]
    [InlineData("SUB other c", "E_INVALID cannot SUB in current state")]
    [InlineData("AUTH", "E_INVALID cannot AUTH in current state")]
    public async Task Case_074_A_second_SUB_is_refused(string line, string error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");

        await consumer.SendLineAsync(line);

        await consumer.ExpectFatalAsync(error);
    }

    [Fact]
    public async Task Case_075_A_channel_takes_no_more_consumers_than_it_may_have()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(
            settings => settings.Gateway.MaxChannelConsumers = settings.Queue.MaxChannelConsumers = 1);
        NsqSocket first = await broker.SubscribeAsync("t", "c");
        NsqSocket second = await broker.OpenAsync();

        await second.SendLineAsync("SUB t c");

        await second.ExpectFatalAsync("E_SUB_FAILED SUB failed consumers for t:c exceeds limit of 1");
        await broker.SubscribeAsync("t", "other");
        first.Abort();
        await broker.UntilAsync("t", "c", stats => stats.ConsumerCount == 0);
        await broker.SubscribeAsync("t", "c");
    }

    [Theory]
    [InlineData("SUB", "E_INVALID SUB insufficient number of parameters")]
    [InlineData("SUB t", "E_INVALID SUB insufficient number of parameters")]
    [InlineData("SUB bad:name c", "E_BAD_TOPIC SUB topic name \"bad:name\" is not valid")]
    [InlineData("SUB t bad:name", "E_BAD_CHANNEL SUB channel name \"bad:name\" is not valid")]
    [InlineData("SUB bad:name bad:name", "E_BAD_TOPIC SUB topic name \"bad:name\" is not valid")]
    public async Task A_SUB_with_missing_or_bad_names_is_refused(string line, string error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync(line);

        await socket.ExpectFatalAsync(error);
        Assert.False((await broker.StatsAsync("t")).Exists, "A refused SUB must not make its topic.");
    }

    [Theory]
    [InlineData("AUTH", "E_AUTH_DISABLED AUTH disabled")]
    [InlineData("AUTH x", "E_INVALID AUTH invalid number of parameters")]
    public async Task Case_086_AUTH_without_an_auth_server_is_refused(string line, string error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithBody(line, [.. "secret"u8]));

        await socket.ExpectFatalAsync(error);
    }
}
