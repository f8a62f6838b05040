using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>A consumer that is gone while messages are on their way to it.</summary>
public sealed class GoneConsumerTests
{
    // More than a socket takes of whom nobody reads.
    private const int Messages = 400;
    private const int Size = 64 << 10;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_never_written_goes_to_the_next_at_once_and_counts_no_attempt(bool isReset)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings =>
        {
            settings.Gateway.ConsumerWindowBytes = 2 * Messages * Size;
            settings.Gateway.MsgTimeout = TimeSpan.FromMinutes(15);
        });
        for (int round = 0; round < 3; round++)
        {
            string topic = $"t{round}";
            NsqSocket gone = await broker.OpenAsync(receiveBuffer: 4096);
            await gone.SubscribeAsync(topic, "c", ready: Messages);
            for (int i = 0; i < Messages; i += 50)
                await broker.PublishAsync(topic, [.. Enumerable.Repeat(new string('x', Size), 50)]);
            await broker.UntilAsync(topic, "c", stats => stats.InFlight == Messages);

            if (isReset) gone.Abort();
            else await gone.DisposeAsync();

            await broker.UntilAsync(topic, "c", stats => stats is { ConsumerCount: 0, Depth: > 0 });
            int depth = (int)(await broker.StatsAsync(topic, "c"))!.Depth;
            NsqSocket next = await broker.SubscribeAsync(topic, "c", ready: Messages);
            foreach (NsqMessage message in await next.ExpectMessagesAsync(depth))
            {
                Assert.Equal(1, message.Attempts);
                await next.FinishAsync(message);
            }
        }
    }
}
