using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, publishing: of cases 34 to 46 what is refused, before anything is stored.</summary>
public sealed class PublishRefusalTests(SharedBroker shared) : IClassFixture<SharedBroker>
{
    private const int MaxMsgSize = 1_048_576;
    private const int MaxBodySize = 5_242_880;

    [Theory]
    [InlineData("PUB none", "E_BAD_MESSAGE PUB invalid message body size 0")]
    [InlineData("DPUB none 1", "E_BAD_MESSAGE DPUB invalid message body size 0")]
    public async Task Case_034_An_empty_message_is_refused(string command, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithBody(command));

        await socket.ExpectFatalAsync(error);
        Assert.False((await broker.StatsAsync("none")).Exists, "A refused PUB must not make its topic.");
    }

    [Theory]
    [InlineData("PUB t", "E_BAD_MESSAGE PUB message too big 1048577 > 1048576")]
    [InlineData("DPUB t 0", "E_BAD_MESSAGE DPUB message too big 1048577 > 1048576")]
    public async Task Case_035_A_message_of_one_byte_more_is_refused(string command, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendInVainAsync(NsqCommand.WithBody(command, new byte[MaxMsgSize + 1]));

        await socket.ExpectFatalAsync(error);
    }

    [Theory]
    [InlineData("PUB t", "E_BAD_MESSAGE PUB invalid message body size -1")]
    [InlineData("DPUB t 1", "E_BAD_MESSAGE DPUB invalid message body size -1")]
    [InlineData("MPUB t", "E_BAD_BODY MPUB invalid body size -1")]
    [InlineData("IDENTIFY", "E_BAD_BODY IDENTIFY invalid body size -1")]
    public async Task Case_036_A_negative_length_is_refused(string command, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithLength(command, -1));

        await socket.ExpectFatalAsync(error);
    }

    [Theory]
    [InlineData("PUB", "E_INVALID PUB insufficient number of parameters")]
    [InlineData("MPUB", "E_INVALID MPUB insufficient number of parameters")]
    [InlineData("DPUB", "E_INVALID DPUB insufficient number of parameters")]
    [InlineData("DPUB t", "E_INVALID DPUB insufficient number of parameters")]
    public Task Case_037_A_missing_parameter_is_refused(string line, string error) => RefusedAsync(line, error);

    [Theory]
    [InlineData("PUB bad:name", "E_BAD_TOPIC PUB topic name \"bad:name\" is not valid")]
    [InlineData("DPUB bad:name 1", "E_BAD_TOPIC DPUB topic name \"bad:name\" is not valid")]
    [InlineData("PUB #ephemeral", "E_BAD_TOPIC PUB topic name \"#ephemeral\" is not valid")]
    [InlineData("PUB a#b", "E_BAD_TOPIC PUB topic name \"a#b\" is not valid")]
    [InlineData("PUB ", "E_BAD_TOPIC PUB topic name \"\" is not valid")]
    [InlineData("PUB a\"b", "E_BAD_TOPIC PUB topic name \"a\\\"b\" is not valid")]
    [InlineData("PUB a\tb", "E_BAD_TOPIC PUB topic name \"a\\tb\" is not valid")]
    [InlineData("PUB a\u0001b", "E_BAD_TOPIC PUB topic name \"a\\x01b\" is not valid")]
    [InlineData("PUB a\u00E9b", "E_BAD_TOPIC PUB topic name \"a\\xe9b\" is not valid")]
    [InlineData("PUB a\u00C3\u00A9b", "E_BAD_TOPIC PUB topic name \"a\u00C3\u00A9b\" is not valid")]
    public Task Case_038_A_bad_topic_name_is_refused_and_shown_quoted(string line, string error) => RefusedAsync(line, error);

    [Theory]
    [InlineData(65, "")]
    [InlineData(55, "#ephemeral")]
    public Task Case_039_A_topic_name_of_65_characters_is_refused(int length, string suffix)
    {
        string topic = string.Concat(new string('n', length), suffix);
        return RefusedAsync($"PUB {topic}", $"E_BAD_TOPIC PUB topic name \"{topic}\" is not valid");
    }

    [Fact]
    public Task Case_040_MPUB_says_the_code_of_a_bad_topic_twice() =>
        RefusedAsync("MPUB bad:name", "E_BAD_TOPIC E_BAD_TOPIC MPUB topic name \"bad:name\" is not valid");

    [Theory]
    [InlineData(0, "E_BAD_BODY MPUB invalid body size 0")]
    [InlineData(MaxBodySize + 1, "E_BAD_BODY MPUB body too big 5242881 > 5242880")]
    public async Task An_MPUB_of_a_size_out_of_bounds_is_refused(int size, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithLength("MPUB t", size));

        await socket.ExpectFatalAsync(error);
    }

    [Theory]
    [InlineData("3600001", "E_INVALID DPUB timeout 3600001 out of range 0-3600000")]
    [InlineData("999999999999", "E_INVALID DPUB timeout 999999999999 out of range 0-3600000")]
    public Task Case_045_A_longer_delay_is_refused(string delay, string error) => RefusedAsync($"DPUB t {delay}", error);

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    [InlineData("1.5")]
    [InlineData("+1")]
    public Task Case_046_A_delay_that_is_no_number_is_refused(string delay) =>
        RefusedAsync($"DPUB t {delay}", $"E_INVALID DPUB could not parse timeout {delay}");

    private async Task RefusedAsync(string line, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync(line);

        await socket.ExpectFatalAsync(error);
    }
}
