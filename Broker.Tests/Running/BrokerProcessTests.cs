namespace Broker.Tests.Running;

public sealed class BrokerProcessTests
{
    [Fact]
    public async Task The_built_executable_serves_and_ends_gracefully_on_SIGTERM()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        await using NsqSocket consumer = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await consumer.SubscribeAsync("t", "c", ready: 1);
        await using NsqSocket producer = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await producer.PublishAsync("t", "a");
        await consumer.ExpectMessageAsync("a");

        Assert.Equal(0, await broker.TerminateAsync());

        await consumer.ExpectClosedAsync();
        await producer.ExpectClosedAsync();
    }

    [Fact]
    public async Task The_built_executable_starts_again_after_SIGKILL()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        await broker.KillAsync();

        await broker.StartAsync();

        await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await socket.PublishAsync("t", "a");
    }
}
