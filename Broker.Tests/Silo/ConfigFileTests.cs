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
    [InlineData("key = 0x1F", "31")]
    [InlineData("key = 0.99", "0.99")]
    [InlineData("key = true", "true")]
    [InlineData("\t key\t=\tfalse\t", "false")]
    [InlineData("key = 1\r\n", "1")]
    [InlineData("\uFEFFkey = 1", "1")]
    public void A_value_is_read(string text, string expected)
    {
        ConfigValue value = Assert.Single(Read(text));
        Assert.Equal("key", value.Key);
        Assert.Equal([expected], value.Items!.Select(item => item.Text));
    }

    [Theory]
    [InlineData("key = []", "")]
    [InlineData("key = [\"a\"]", "a")]
    [InlineData("key = [ 'a', \"b\" , ]", "a b")]
    [InlineData("key = [\n  1.0, # one\n\n  0.99\n] # end", "1 0.99")]
    public void An_array_is_read(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', Assert.Single(Read(text)).Items!.Select(item => item.Text)));

    [Fact]
    public void Values_know_their_lines_and_of_tables_only_the_name_is_told()
    {
        IReadOnlyList<ConfigValue> values = Read("# first\n\na = [\n1,\n2]\nb = 3\n[table]\na = 4\n[[tables]]\nc = 5\n");
        Assert.Equal([("a", 3), ("b", 6), ("table", 7), ("tables", 9)], values.Select(value => (value.Key, value.Line)));
    }

    [Fact]
    public void All_of_TOML_is_read_and_what_no_setting_takes_is_told_apart()
    {
        IReadOnlyList<ConfigValue> values = Read(
            """
            text = '''
            over
            lines'''
            inline = { a = 1, b = [2, 3] }
            date = 1979-05-27T07:32:00Z
            nested = [[1], [2]]
            dotted.key = 1
            "quoted key" = 1e3
            """);
        Assert.Equal(
            [("text", 1, "over\nlines"), ("inline", 4, null), ("date", 5, null), ("nested", 6, null), ("dotted.key", 7, "1"), ("quoted key", 8, "1000")],
            values.Select(value => (value.Key, value.Line, value.Items?.Single().Text)));
    }

    [Theory]
    [InlineData("a = 1\nb 2", 2)]
    [InlineData("\n= 2", 2)]
    [InlineData("a =", 1)]
    [InlineData("a = # b", 1)]
    [InlineData("a = 60s", 1)]
    [InlineData("a = \"b\nc = 1", 1)]
    [InlineData("a = 'b", 1)]
    [InlineData("a = \"\\d\"", 1)]
    [InlineData("a = \"\\uZZZZ\"", 1)]
    [InlineData("a = [\n1,\n2", 3)]
    [InlineData("a = [1 2]", 1)]
    [InlineData("a = \"b\" c", 1)]
    [InlineData("a = 1\n\na = 2", 3)]
    [InlineData("[table", 1)]
    [InlineData("[]", 1)]
    public void A_mistake_is_told_with_its_line(string text, int line) =>
        Assert.Matches($"^nsqd.cfg:{line}: [^\n]+$", Assert.Throws<SettingsException>(() => Read(text)).Message);

    private static IReadOnlyList<ConfigValue> Read(string text) => ConfigFile.Parse("nsqd.cfg", text).Values;
}
