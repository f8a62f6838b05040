using System.Buffers;
using System.Text;
using Broker.Protocol;

namespace Broker.Tests.Protocol;

public sealed class IdentifyRequestTests
{
    [Theory]
    [InlineData("{}", true)]
    [InlineData("null", true)]
    [InlineData(" {\"unknown\":[{}],\"short_id\":5} ", true)]
    [InlineData("{\"client_id\":null,\"heartbeat_interval\":null,\"tls_v1\":null}", true)]
    [InlineData("{\"heartbeat_interval\":9007199254740993}", true)]
    [InlineData("{\"client_id\":\"\u00ff\"}", true)]
    [InlineData("{\"heartbeat_interval\":9223372036854775808}", false)]
    [InlineData("{\"sample_rate\":2147483648}", false)]
    [InlineData("{\"heartbeat_interval\":1e3}", false)]
    [InlineData("{\"heartbeat_interval\":1000.0}", false)]
    [InlineData("{\"heartbeat_interval\":\"1000\"}", false)]
    [InlineData("{\"tls_v1\":\"true\"}", false)]
    [InlineData("{\"tls_v1\":1}", false)]
    [InlineData("{\"client_id\":5}", false)]
    [InlineData("{} x", false)]
    [InlineData("{\"client_id\":\"a\",}", false)]
    [InlineData("[]", false)]
    [InlineData("", false)]
    public void Only_JSON_of_the_right_types_is_read(string json, bool valid) =>
        Assert.Equal(valid, IdentifyRequest.TryParse(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(json))) is not null);

    [Theory]
    [InlineData("\\ud800x", "\ufffdx")]
    [InlineData("\\uDC00", "\ufffd")]
    [InlineData("\\ud83d\\ude00\\ud83d", "\U0001F600\ufffd")]
    [InlineData("\\ud800\\n", "\ufffd\n")]
    [InlineData("\\\\ud800", "\\ud800")]
    public void Half_a_surrogate_pair_becomes_what_Go_reads(string escaped, string expected) =>
        Assert.Equal(expected, IdentifyRequest.TryParse(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes($"{{\"\\udc00\":1,\"client_id\":\"{escaped}\"}}")))?.ClientId);

    [Theory]
    [InlineData(5_000, true)]
    [InlineData(9_999, true)]
    [InlineData(10_000, false)]
    public void Values_are_nested_as_deep_as_in_Go(int arrays, bool valid)
    {
        string json = $"{{\"x\":{new string('[', arrays)}{new string(']', arrays)}}}";
        Assert.Equal(valid, IdentifyRequest.TryParse(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(json))) is not null);
    }

    [Fact]
    public void Keys_match_in_any_case()
    {
        IdentifyRequest request = IdentifyRequest.TryParse(new ReadOnlySequence<byte>("{\"Client_ID\":\"me\",\"MSG_TIMEOUT\":5}"u8.ToArray()))!;
        Assert.Equal(("me", 5L), (request.ClientId, request.MsgTimeout));
    }
}
