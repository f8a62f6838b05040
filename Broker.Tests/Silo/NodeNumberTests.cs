using Broker.Silo.Settings;

namespace Broker.Tests.Silo;

public sealed class NodeNumberTests
{
    // Computed by Python's zlib.crc32(hashlib.md5(name).digest()) % 1024, the formula of spec 1.11.
    [Theory]
    [InlineData("localhost", 16)]
    [InlineData("myhost", 255)]
    [InlineData("web-1.example.com", 926)]
    public void A_host_has_the_number_that_nsqd_gives_it(string host, int expected) => Assert.Equal(expected, NodeNumber.OfHost(host));
}
