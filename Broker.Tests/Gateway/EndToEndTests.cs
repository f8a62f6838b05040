using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

public sealed class EndToEndTests
{
    [Fact]
    public async Task What_is_published_is_delivered_and_finished()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket consumer = await server.ConnectAsync();
        await consumer.SendAsync("SUB t c\nRDY 10\n");
        await consumer.ExpectAsync("OK");

        using NsqSocket producer = await server.ConnectAsync();
        await producer.SendAsync("PUB t\n" + Sized("one"));
        await producer.ExpectAsync("OK");
        await producer.SendAsync("MPUB t\n" + Multi("two", "three"));
        await producer.ExpectAsync("OK");

        foreach (string body in new[] { "one", "two", "three" })
        {
            ReceivedMessage message = await consumer.ReadMessageAsync();
            Assert.Equal(body, message.Body);
            Assert.Equal(1, message.Attempts);
            await consumer.SendAsync($"FIN {message.Id}\n");
        }
        await consumer.ExpectSilenceAsync();
        await Eventually.TrueAsync(() => server.Grains.Channel("t", "c").InFlight == 0);
    }
}
