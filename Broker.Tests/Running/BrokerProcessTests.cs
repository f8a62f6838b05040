namespace Broker.Tests.Running;

public sealed class BrokerProcessTests
{
    [Fact]
    public async Task The_built_executable_serves_and_ends_gracefully_on_SIGTERM()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync();
        await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await socket.SubscribeAsync("t", "c", ready: 1);
        await socket.PublishAsync("t", "a");
        await socket.ExpectMessageAsync("a");

        Assert.Equal(0, await broker.TerminateAsync());

        await socket.ExpectClosedAsync();
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
