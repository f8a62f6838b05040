using Broker.Silo.Config;
using Broker.Silo.Settings;

namespace Broker.Tests.Silo;

public sealed class ConfigFileTests
{
    [Theory]
    [InlineData("key = \"text\"", "text")]
    [InlineData("key=\"a # b\" # comment", "a # b")]
    [InlineData("key = 'C:\\path'", "C:\\path")]
    [InlineData("key = \"a\\tb\\\"\\u00e9\\U0001F600\"", "a\tb\"é😀")]
    [InlineData("\"key\" = \"\"", "")]
    [InlineData("key = 10_000", "10000")]
    [InlineData("key = -1", "-1")]
    [InlineData("key = 0x1F", "0x1F")]
    [InlineData("key = 0.99", "0.99")]
    [InlineData("key = true", "true")]
    [InlineData("\t key\t=\tfalse\t", "false")]
    [InlineData("key = 1\r\n", "1")]
    [InlineData("\uFEFFkey = 1", "1")]
    public void A_value_is_read(string text, string expected)
    {
        ConfigValue value = Assert.Single(Read(text));
        Assert.Equal("key", value.Key);
        Assert.Equal([expected], value.Items.Select(item => item.Text));
    }

    [Theory]
    [InlineData("key = []", "")]
    [InlineData("key = [\"a\"]", "a")]
    [InlineData("key = [ 'a', \"b\" , ]", "a b")]
    [InlineData("key = [\n  1.0, # one\n\n  0.99\n] # end", "1.0 0.99")]
    public void An_array_is_read(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', Assert.Single(Read(text)).Items.Select(item => item.Text)));

    [Fact]
    public void Values_know_their_lines_and_what_stands_in_tables_is_left_out()
    {
        IReadOnlyList<ConfigValue> values = Read("# first\n\na = [\n1,\n2]\nb = 3\n[table]\na = 4\n[[tables]]\nc = 5\n");
        Assert.Equal([("a", 3), ("b", 6)], values.Select(value => (value.Key, value.Line)));
    }

    [Theory]
    [InlineData("a = 1\nb 2", "nsqd.cfg:2: \"b\" is not followed by =; write key = value")]
    [InlineData("\n= 2", "nsqd.cfg:2: \"=\" is no beginning of a key; write key = value")]
    [InlineData("a =", "nsqd.cfg:1: a value is missing")]
    [InlineData("a = # b", "nsqd.cfg:1: a value is missing")]
    [InlineData("a = 60s", "nsqd.cfg:1: 60s is no string, number, boolean or array; write strings in \"quotes\"")]
    [InlineData("a = \"b\nc = 1", "nsqd.cfg:1: the string lacks its closing \"")]
    [InlineData("a = 'b", "nsqd.cfg:1: the string lacks its closing '")]
    [InlineData("a = \"\\d\"", "nsqd.cfg:1: \\d is no escape; write a backslash as \\\\ or the string in 'single quotes'")]
    [InlineData("a = \"\\uZZZZ\"", "nsqd.cfg:1: \\u needs 4 hexadecimal digits of a character")]
    [InlineData("a = \"\"\"b\"\"\"", "nsqd.cfg:1: strings over several lines are not supported")]
    [InlineData("a = [\n1,\n2", "nsqd.cfg:1: the array lacks its closing ]")]
    [InlineData("a = [1 2]", "nsqd.cfg:1: 1 2 is no string, number, boolean or array; write strings in \"quotes\"")]
    [InlineData("a = [\"b\" \"c\"]", "nsqd.cfg:1: \"\"\" in an array; items are separated by commas")]
    [InlineData("a = [[1]]", "nsqd.cfg:1: arrays inside arrays are not supported")]
    [InlineData("a = \"b\" c", "nsqd.cfg:1: \"c\" after the value; write one key to a line")]
    [InlineData("a = 1\n\na = 2", "nsqd.cfg:3: a is set before, in line 1; remove one of them")]
    [InlineData("[table", "nsqd.cfg:1: the table's name lacks its closing ]")]
    [InlineData("[]", "nsqd.cfg:1: the table has no name")]
    public void A_mistake_is_told_with_its_line(string text, string message) =>
        Assert.Equal(message, Assert.Throws<SettingsException>(() => Read(text)).Message);

    private static IReadOnlyList<ConfigValue> Read(string text) => ConfigFile.Parse("nsqd.cfg", text).Values;
}
