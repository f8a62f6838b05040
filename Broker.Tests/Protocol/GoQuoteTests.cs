using System.Text;
using Broker.Protocol;

namespace Broker.Tests.Protocol;

public sealed class GoQuoteTests
{
    [Theory]
    [InlineData("", "\"\"")]
    [InlineData("bad:name", "\"bad:name\"")]
    [InlineData("a\"b\\", "\"a\\\"b\\\\\"")]
    [InlineData("\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\"")]
    [InlineData("\0\u001f\u007f", "\"\\x00\\x1f\\x7f\"")]
    [InlineData("\u00e9\u4e16", "\"\u00e9\u4e16\"")]
    [InlineData("\u0085\u00a0\u200b", "\"\\u0085\\u00a0\\u200b\"")]
    [InlineData("\U000e0001", "\"\\U000e0001\"")]
    public void Text_is_quoted_as_Go_does(string text, string expected) => Assert.Equal(expected, GoQuote.Quote(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Broken_UTF_8_is_shown_byte_by_byte() => Assert.Equal("\"a\\xffb\\xe4\\xb8\"", GoQuote.Quote([(byte)'a', 0xff, (byte)'b', 0xe4, 0xb8]));
}
