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
        using TcpClient client = new();
        await client.Client.ConnectAsync(address);
        await client.GetStream().WriteAsync("  V2NOP\n"u8.ToArray());
        Task stopping = broker.DisposeAsync().AsTask();
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1], patience.Token));
        using TcpClient again = new();
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => again.Client.ConnectAsync(address));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await stopping;
    }
}
