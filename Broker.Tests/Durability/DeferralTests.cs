using Broker.Tests.Running;

namespace Broker.Tests.Durability;

/// <summary>Very many deferred messages.</summary>
public sealed class DeferralTests
{
    private const int Connections = 4;
    private const int OfConnection = 12_500;

    [Fact]
    public async Task Fifty_thousand_keep_their_due_times_over_a_restart_and_are_due_within_a_tenth_of_a_second()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        await broker.SubscribeAsync("t", "c");
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(number => Task.Run(() => PublishAsync(broker, number))));
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: Connections * OfConnection, Depth: 0 });

        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: Connections * OfConnection, Depth: 0, InFlight: 0 });

        // A second before the first is due nothing comes; then the thousands of each second come within it.
        NsqSocket consumer = await broker.OpenAsync();
        await consumer.IdentifyAsync("""{"output_buffer_size":-1}""");
        await consumer.SubscribeAsync("t", "c", ready: 2500);
        await broker.PassAsync(TimeSpan.FromSeconds(599), consumer);
        await consumer.ExpectNothingAsync();
        for (int second = 0; second < 5; second++)
        {
            await broker.PassAsync(TimeSpan.FromMilliseconds(second == 0 ? 1100 : 1000), consumer);
            for (int i = 0; i < Connections * OfConnection / 5; i++)
            {
                NsqMessage message = await consumer.ExpectMessageAsync();
                Assert.Equal((second, 1), (int.Parse(message.Text), message.Attempts));
                await consumer.FinishAsync(message);
            }
            await consumer.ExpectNothingAsync();
            // Until then the channel may be reckoning when the next is due, by a clock that is about to jump.
            await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, InFlight: 0 });
        }
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 0, Depth: 0, InFlight: 0 });
    }

    // The messages of second n are due 600 + n seconds from now: the clock stands still while they are published.
    private static async Task PublishAsync(RunningBroker broker, int number)
    {
        await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        for (int i = 0; i < OfConnection; i += 500)
        {
            using MemoryStream commands = new();
            for (int j = i; j < i + 500; j++)
            {
                int second = (j + number) % 5;
                commands.Write(NsqCommand.Dpub("t", $"{(600 + second) * 1000}", $"{second}"));
            }
            await socket.SendAsync(commands.ToArray());
            await socket.ExpectOkAsync(500);
        }
    }
}
