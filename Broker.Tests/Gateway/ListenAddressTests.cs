using System.Net;
using System.Net.Sockets;
using Broker.Gateway;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:4150", "127.0.0.1:4150")]
    [InlineData("0.0.0.0:0", "0.0.0.0:0")]
    [InlineData(":4150", "[::]:4150")]
    [InlineData("[::1]:4150", "[::1]:4150")]
    [InlineData("localhost:4150", "127.0.0.1:4150")]
    public void Host_and_port_name_an_endpoint(string address, string expected) => Assert.Equal(IPEndPoint.Parse(expected), ListenAddress.Parse(address));

    [Theory]
    [InlineData("/tmp/nsqd.sock")]
    [InlineData("nsqd.sock")]
    [InlineData("/tmp/odd:name")]
    public void Anything_else_is_the_path_of_a_socket(string address) =>
        Assert.Equal(address, Assert.IsType<UnixDomainSocketEndPoint>(ListenAddress.Parse(address)).ToString());

    [Theory]
    [InlineData("127.0.0.1:x")]
    [InlineData("127.0.0.1:65536")]
    public void A_port_that_is_none_is_refused(string address) => Assert.Throws<FormatException>(() => ListenAddress.Parse(address));

    [Fact]
    public async Task Several_addresses_are_served_a_socket_file_among_them()
    {
        string path = Path.Combine(Path.GetTempPath(), $"nsq-{Guid.NewGuid():N}.sock");
        await using RunningGateway server = await RunningGateway.StartAsync(configure: options => options.TcpAddress = $"127.0.0.1:0, {path}, [::1]:0");
        Assert.Equal(3, server.EndPoints.Count);
        foreach (EndPoint endPoint in server.EndPoints)
        {
            using NsqSocket client = await ConnectAsync(endPoint);
            await client.SendAsync("  V2PUB t\n" + Sized("x"));
            await client.ExpectAsync("OK");
        }
    }
}
