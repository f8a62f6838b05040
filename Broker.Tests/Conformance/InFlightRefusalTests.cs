using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, consuming: FIN, REQ and TOUCH that are no valid commands, cases 59 to 65.</summary>
public sealed class InFlightRefusalTests(SharedBroker shared) : IClassFixture<SharedBroker>
{
    [Theory]
    [InlineData("FIN 0000000000000000", "E_INVALID cannot FIN in current state")]
    [InlineData("REQ 0000000000000000 0", "E_INVALID cannot REQ in current state")]
    [InlineData("TOUCH 0000000000000000", "E_INVALID cannot TOUCH in current state")]
    public async Task Case_059_A_command_on_a_message_before_SUB_is_refused(string line, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync(line);

        await socket.ExpectFatalAsync(error);
    }

    [Theory]
    [InlineData("FIN 000000000000000")]
    [InlineData("FIN 00000000000000000")]
    [InlineData("FIN ")]
    [InlineData("REQ 000000000000000 0")]
    [InlineData("TOUCH 000000000000000")]
    public Task Case_059_An_id_that_has_not_16_bytes_is_refused(string line) => RefusedAsync(line, "E_INVALID invalid message ID");

    [Theory]
    [InlineData("FIN", "E_INVALID FIN insufficient number of params")]
    [InlineData("TOUCH", "E_INVALID TOUCH insufficient number of params")]
    [InlineData("REQ", "E_INVALID REQ insufficient number of params")]
    public Task Case_063_A_missing_id_is_refused(string line, string error) => RefusedAsync(line, error);

    [Theory]
    [InlineData("-1")]
    [InlineData("x")]
    public Task Case_064_A_REQ_delay_that_is_no_number_is_refused(string delay) =>
        RefusedAsync($"REQ 0000000000000000 {delay}", $"E_INVALID REQ could not parse timeout {delay}");

    [Fact]
    public Task Case_065_A_REQ_without_the_delay_token_is_refused() =>
        RefusedAsync("REQ 0000000000000000", "E_INVALID REQ insufficient number of params");

    private async Task RefusedAsync(string line, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");

        await consumer.SendLineAsync(line);

        await consumer.ExpectFatalAsync(error);
    }
}
