using Broker.Policies;
using Broker.Silo.Settings;

namespace Broker.Tests.Silo;

/// <summary>What a config file says of topics by their names.</summary>
public sealed class PolicySettingsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Policies_are_read_in_the_order_of_the_file_however_TOML_lets_them_be_written()
    {
        BrokerSettings settings = await ReadAsync(
            """
            max_rdy_count = 3

            [[policy]]
            topics = "orders.*"
            channels = { max_attempts = 5, dead_letter = "drop" }

            [[policy]]
            topics = ["mails", "*#ephemeral"]
            channels.max_attempts = 0
            [policy.channels.retry_delay]
            first = 1_000
            factor = 1.5
            """);
        TopicPolicy orders = new() { Channels = new ChannelPolicy { MaxAttempts = 5, DeadLetter = ChannelPolicy.Drop } };
        TopicPolicy mails = new() { Channels = new ChannelPolicy { MaxAttempts = 0, RetryDelay = new RetryDelay(1000, 1.5, 3_600_000) } };
        Assert.Equal(
            [new PatternPolicy("orders.*", orders), new PatternPolicy("mails", mails), new PatternPolicy("*#ephemeral", mails)], settings.Queue.Policies);
        Assert.Equal(3, settings.Gateway.MaxRdyCount);
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData("# first\n[[policy]]\nchannels = {}", "2: policy: names no topics; write [[policy]], below it topics = \"orders.*\", and below that what holds for them")]
    [InlineData("[[policy]]\ntopics = 5", "1: policy: names no topics; write [[policy]], below it topics = \"orders.*\", and below that what holds for them")]
    [InlineData("[policy]\ntopics = \"t\"", "1: policy: is no list of tables; write [[policy]], below it topics = \"orders.*\", and below that what holds for them")]
    [InlineData("\npolicy = 1", "2: policy: is no list of tables; write [[policy]], below it topics = \"orders.*\", and below that what holds for them")]
    [InlineData("[[policy]]\ntopics = \"orders/?\"", "1: policy: \"orders/?\" is no pattern of topics; it has letters, digits, '.', '_', '-', and '*' for any characters")]
    [InlineData("[[policy]]\ntopics = \"a\"\n[[policy]]\ntopics = \"b\"\nmax_atempts = 5", "3: policy: the name max_atempts is not known here: a topic's policy has max_age, max_bytes, max_message_size, on_full, publish_rate and channels")]
    [InlineData("[[policy]]\ntopics = \"a\"\nchannels = { max_attempts = -1 }", "1: policy: max_attempts must be a whole number from 0 to 65535")]
    [InlineData("[[policy]]\ntopics = \"a\"\nchannels = { retry_delay = { first = 5, factor = inf } }", "1: policy: factor must be a number from 1 to 100")]
    [InlineData("[[policy]]\ntopics = \"a\"\nchannels = 2026-01-01", "1: policy: channels must be a JSON object")]
    public async Task What_cannot_be_keeps_the_broker_from_starting(string text, string complaint)
    {
        await File.WriteAllTextAsync(_file, text);
        Assert.Equal($"{_file}:{complaint}", await ProgramRun.ComplaintOfAsync($"--config={_file}"));
    }

    [Fact]
    public async Task Where_there_are_no_topics_policies_are_ignored_with_a_warning()
    {
        await File.WriteAllTextAsync(_file, "[[policy]]\ntopics = \"a\"\n");
        BrokerSettings settings = await ProgramRun.SettingsOfAsync($"nsqlookupd --config={_file}");
        Assert.Equal([$"{_file}:1: policy: ignored, there are no topics here"], settings.Warnings);
        Assert.Empty(settings.Queue.Policies);
    }

    [Theory]
    [InlineData("orders.*", "orders.eu", true)]
    [InlineData("orders.*", "orders.", true)]
    [InlineData("orders.*", "orders", false)]
    [InlineData("orders.*", "Orders.eu", false)]
    [InlineData("orders.*", "my.orders.eu", false)]
    [InlineData("*.eu", "orders.eu", true)]
    [InlineData("*#ephemeral", "t#ephemeral", true)]
    [InlineData("*", "t#ephemeral", true)]
    [InlineData("t", "t", true)]
    public void A_star_stands_for_any_characters(string pattern, string topic, bool covers) =>
        Assert.Equal(covers, new PatternPolicy(pattern, TopicPolicy.None).Covers(topic));

    private async Task<BrokerSettings> ReadAsync(string text)
    {
        await File.WriteAllTextAsync(_file, text);
        return await ProgramRun.SettingsOfAsync($"--config={_file}");
    }
}
