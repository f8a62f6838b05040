using System.Text;
using Broker.Protocol;

namespace Broker.Tests.Protocol;

public sealed class DecimalTokenTests
{
    [Theory]
    [InlineData("", 0UL)]
    [InlineData("0", 0UL)]
    [InlineData("007", 7UL)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("18446744073709551617", 1UL)]
    public void Digits_are_a_number_that_wraps_around(string token, ulong expected)
    {
        Assert.True(DecimalToken.TryParse(Encoding.ASCII.GetBytes(token), out ulong value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1 ")]
    [InlineData("1.0")]
    [InlineData("0x1")]
    public void Anything_else_is_not(string token) => Assert.False(DecimalToken.TryParse(Encoding.ASCII.GetBytes(token), out _));
}
