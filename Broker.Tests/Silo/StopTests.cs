using System.Net.Sockets;
using Broker.Tests.Running;

namespace Broker.Tests.Silo;

/// <summary>How a broker ends.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task Who_is_closed_by_a_stop_and_connects_again_is_refused()
    {
        RunningBroker broker = await RunningBroker.StartAsync();
        System.Net.EndPoint address = broker.TcpEndPoint;
        await using NsqSocket client = await NsqSocket.OpenAsync(address);
        // What was not read when a socket is closed would make the end a reset.
        await client.PublishAsync("t", "read");
        Task stopping = broker.DisposeAsync().AsTask();
        await client.ExpectClosedAsync();
        using TcpClient again = new();
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => again.Client.ConnectAsync(address));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await stopping;
    }
}
