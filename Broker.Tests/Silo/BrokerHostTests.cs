using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Microsoft.AspNetCore.Connections;

namespace Broker.Tests.Silo;

/// <summary>The host around the broker, with an echo in the broker's place.</summary>
public sealed class BrokerHostTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("127.0.0.1:0")]
    [InlineData("localhost:0")]
    [InlineData("0.0.0.0:0")]
    [InlineData(":0")]
    public async Task A_port_is_served_and_told(string address)
    {
        await using BrokerHost host = Echo(address);
        await host.StartAsync();
        IPEndPoint bound = IPEndPoint.Parse(host.Listeners[0].BoundTo);
        Assert.NotEqual(0, bound.Port);
        await AssertEchoesAsync(new IPEndPoint(IPAddress.Loopback, bound.Port));
        await host.StopAsync();
    }

    [Fact]
    public async Task A_unix_socket_is_served_and_taken_away()
    {
        string path = Path.Combine(_folder.FullName, "nsqd.sock");
        await using (BrokerHost host = Echo(path))
        {
            await host.StartAsync();
            Assert.Equal(path, host.Listeners[0].BoundTo);
            await AssertEchoesAsync(new UnixDomainSocketEndPoint(path));
            await host.StopAsync();
        }
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task A_unix_socket_that_a_killed_process_left_is_served_anew()
    {
        string path = Path.Combine(_folder.FullName, "nsqd.sock");
        LeaveSocketBehind(path);
        await using BrokerHost host = Echo(path);
        await host.StartAsync();
        await AssertEchoesAsync(new UnixDomainSocketEndPoint(path));
        await host.StopAsync();
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_unix_socket_is_kept()
    {
        string path = Path.Combine(_folder.FullName, "precious");
        await File.WriteAllTextAsync(path, "");
        await using BrokerHost host = Echo(path);
        StartException failure = await Assert.ThrowsAsync<StartException>(() => host.StartAsync());
        Assert.Equal($"listen ({path}) failed - address already in use; stop what listens there or name another", failure.Message);
        Assert.True(File.Exists(path));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    public async Task An_address_that_is_taken_is_told_in_one_line(string address)
    {
        await using BrokerHost first = Echo($"{address}:0");
        await first.StartAsync();
        int port = IPEndPoint.Parse(first.Listeners[0].BoundTo).Port;
        await using BrokerHost second = Echo($"{address}:{port}");
        StartException failure = await Assert.ThrowsAsync<StartException>(() => second.StartAsync());
        Assert.StartsWith("listen (", failure.Message);
        Assert.EndsWith($":{port}) failed - address already in use; stop what listens there or name another", failure.Message);
        await first.StopAsync();
    }

    [Fact]
    public async Task An_address_of_another_machine_is_told_in_one_line()
    {
        await using BrokerHost host = Echo("192.0.2.1:4150");
        StartException failure = await Assert.ThrowsAsync<StartException>(() => host.StartAsync());
        Assert.StartsWith("listen (192.0.2.1:4150) failed - ", failure.Message);
    }

    [Fact]
    public void A_name_that_does_not_resolve_is_told_in_one_line() =>
        Assert.Equal("listen (no.such.host.invalid:4150) failed - host \"no.such.host.invalid\" cannot be resolved",
            Assert.Throws<StartException>(() => Echo("no.such.host.invalid:4150")).Message);

    private static BrokerHost Echo(string address) =>
        BrokerHost.Build(
            new BrokerSettings { LogLevel = Microsoft.Extensions.Logging.LogLevel.None },
            _ => [new Listener("TCP", ListenAddress.Parse(address), options => options.Run(EchoAsync))]);

    private static async Task EchoAsync(ConnectionContext connection)
    {
        ReadResult read = await connection.Transport.Input.ReadAsync();
        await connection.Transport.Output.WriteAsync(read.Buffer.First);
        connection.Transport.Input.AdvanceTo(read.Buffer.End);
    }

    private static async Task AssertEchoesAsync(EndPoint endpoint)
    {
        using Socket socket = endpoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endpoint);
        await socket.SendAsync("  V2"u8.ToArray());
        byte[] answer = new byte[4];
        await new NetworkStream(socket).ReadExactlyAsync(answer);
        Assert.Equal("  V2"u8.ToArray(), answer);
    }

    private static void LeaveSocketBehind(string path)
    {
        // Bound under another name: closing a socket removes only the file that it knows.
        string bound = path + ".1";
        using (Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(bound));
            socket.Listen();
            File.Move(bound, path);
        }
    }
}
