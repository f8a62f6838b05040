using System.Net;
using Broker.Silo.Hosting;

namespace Broker.Tests.Silo;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("127.0.0.1:4150", "127.0.0.1", 4150)]
    [InlineData(":4150", "", 4150)]
    [InlineData("0.0.0.0:0", "0.0.0.0", 0)]
    [InlineData("localhost:4150", "localhost", 4150)]
    [InlineData("[::1]:4150", "::1", 4150)]
    public void Host_and_port_are_told_apart(string text, string host, int port)
    {
        ListenAddress address = ListenAddress.Parse(text);
        Assert.Null(address.SocketPath);
        Assert.Equal((host, port), (address.Host, address.Port));
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("/var/run/nsqd.sock")]
    [InlineData("nsqd.sock")]
    [InlineData("./a:b/nsqd.sock")]
    [InlineData("/tmp/nsqd:4150")]
    [InlineData("::1")]
    public void What_is_no_host_and_port_is_a_unix_socket(string text) => Assert.Equal(text, ListenAddress.Parse(text).SocketPath);

    [Theory]
    [InlineData("")]
    [InlineData("localhost:")]
    [InlineData("localhost:-1")]
    [InlineData("localhost:+1")]
    [InlineData("localhost:65536")]
    public void Neither_is_refused(string text) => Assert.Throws<FormatException>(() => ListenAddress.Parse(text));

    [Fact]
    public void A_path_that_no_socket_can_have_is_refused() =>
        Assert.Throws<FormatException>(() => ListenAddress.Parse("/" + new string('a', 200)));

    [Theory]
    [InlineData(":1", true)]
    [InlineData("0.0.0.0:1", true)]
    [InlineData("[::]:1", true)]
    [InlineData("127.0.0.1:1", false)]
    public void All_interfaces_have_several_spellings(string text, bool any) => Assert.Equal(any, ListenAddress.Parse(text).IsAnyHost);

    [Fact]
    public void A_name_resolves_to_IPv4_first() =>
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 4150), ListenAddress.Parse("localhost:4150").Resolve());

    [Fact]
    public void A_name_that_does_not_resolve_is_told() =>
        Assert.Equal("listen (no.such.host.invalid:4150) failed - host \"no.such.host.invalid\" cannot be resolved",
            Assert.Throws<StartException>(() => ListenAddress.Parse("no.such.host.invalid:4150").Resolve()).Message);
}
