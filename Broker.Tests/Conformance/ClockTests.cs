using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>A wall clock that is set while messages are in flight and deferred.</summary>
public sealed class ClockTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    // How far the clock may go on before a busy machine has delivered what is due: far less than the hour.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(10);

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(1, 0)]
    [InlineData(-1, 1)]
    public async Task Messages_in_flight_time_out_and_deferred_ones_come(int first, int second)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "out");
        Assert.Equal(1, (await consumer.ExpectMessageAsync("out")).Attempts);
        TimeSpan delivered = broker.Clock.Elapsed;
        broker.Clock.SetWall(first * Hour);
        await broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        broker.Clock.SetWall(second * Hour);

        // The only place is taken until the timeout.
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(60) + Slack);
        NsqMessage again = await consumer.ExpectMessageAsync("out");
        Assert.Equal(2, again.Attempts);
        Assert.InRange(broker.Clock.Elapsed - delivered, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60) + Slack);

        await consumer.RequeueAsync(again, 30_000);
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
        TimeSpan deferred = broker.Clock.Elapsed;
        await broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        broker.Clock.SetWall(first * Hour);
        await broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        broker.Clock.SetWall(second * Hour);
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(30) + Slack);
        await consumer.ExpectMessageAsync("out");
        // A clock that shows a later time than the due one is believed.
        TimeSpan due = first + second > 0 ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(30);
        Assert.InRange(broker.Clock.Elapsed - deferred, due, due + Slack);
    }
}
