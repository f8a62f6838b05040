using System.Text;
using Broker.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Protocol;

public sealed class HexIdTests
{
    [Fact]
    public void Every_id_is_written_and_read_as_16_lowercase_digits() => Prop.ForAll(ArbMap.Default.ArbFor<ulong>(), id =>
    {
        byte[] text = new byte[HexId.Length];
        HexId.Format(id, text);
        Assert.Equal($"{id:x16}", Encoding.ASCII.GetString(text));
        Assert.True(HexId.TryParse(text, out ulong parsed));
        Assert.Equal(id, parsed);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_other_byte_stands_for_a_digit()
    {
        byte[] text = Encoding.ASCII.GetBytes("0123456789abcdef");
        for (int position = 0; position < text.Length; position++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] changed = [.. text];
                changed[position] = (byte)value;
                Assert.Equal("0123456789abcdef".Contains((char)value, StringComparison.Ordinal), HexId.TryParse(changed, out _));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0123456789abcde")]
    [InlineData("0123456789abcdef0")]
    public void Another_length_is_no_id(string text) => Assert.False(HexId.TryParse(Encoding.ASCII.GetBytes(text), out _));
}
