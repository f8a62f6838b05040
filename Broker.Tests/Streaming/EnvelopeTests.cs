using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Broker.Orleans.Streaming;
using Broker.Orleans.Streaming.Envelopes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Broker.Tests.Streaming;

/// <summary>What docs/streams.md says of the bytes.</summary>
public sealed class EnvelopeTests
{
    private static readonly StreamId Stream = StreamId.Create("orders", "42");

    private readonly EventBodies _bodies = new(new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer>());

    private Envelope Envelope => new(_bodies);

    [Theory]
    [InlineData(StreamBodyFormat.Orleans)]
    [InlineData(StreamBodyFormat.Json)]
    public void Events_with_context_come_back_as_they_were(StreamBodyFormat format)
    {
        Dictionary<string, object> context = new() { ["user"] = "anna", ["rank"] = 7L, ["admin"] = true };
        (StreamId stream, EventBody body) = Envelope.Read(Envelope.Write(format, Stream, ["one", "two"], context));
        Assert.Equal(Stream, stream);
        Assert.Equal(context, body.Context);
        Assert.Equal(["one", "two"], _bodies.Read<string>(body));
    }

    [Fact]
    public void The_binary_envelope_is_as_documented()
    {
        byte[] message = Envelope.Write(StreamBodyFormat.Orleans, Stream, [1], null);
        Assert.Equal([1, 0, 6, 0, 2, 0, 0, 0], message[..8]);
        Assert.Equal("orders42", Encoding.UTF8.GetString(message, 8, 8));
        Assert.Equal(_bodies.WriteOrleans([1]), message[16..]);
    }

    [Fact]
    public void The_binary_envelope_carries_span_and_context_before_the_events()
    {
        using Activity span = new Activity("produce").SetIdFormat(ActivityIdFormat.W3C).Start();
        span.TraceStateString = "a=b";
        byte[] message = Envelope.Write(StreamBodyFormat.Orleans, Stream, [1], new Dictionary<string, object> { ["x"] = 1 });
        Assert.Equal(3, message[1]);
        Assert.Equal([55, 0, 0, 0], message[16..20]);
        Assert.Equal(span.Id, Encoding.ASCII.GetString(message, 20, 55));
        Assert.Equal([3, 0, 0, 0], message[75..79]);
        (_, EventBody body) = Envelope.Read(message);
        Assert.Equal((span.Id, "a=b"), (body.TraceParent, body.TraceState));
        Assert.Equal(1, body.Context!["x"]);
    }

    [Fact]
    public void The_json_envelope_is_as_documented()
    {
        using JsonDocument json = JsonDocument.Parse(Envelope.Write(StreamBodyFormat.Json, Stream, [new Order("beer", 3)], new() { ["user"] = "anna" }));
        Assert.Equal("""{"version":1,"namespace":"orders","key":"42","events":[{"item":"beer","count":3}],"context":{"user":"anna"}}""", json.RootElement.GetRawText());
    }

    [Fact]
    public void Other_languages_need_to_write_a_key_and_events_only()
    {
        (StreamId stream, EventBody body) = Envelope.Read("""{"key":"42","namespace":"orders","events":[{"item":"beer","count":3}]}"""u8);
        Assert.Equal(Stream, stream);
        Assert.Equal([new Order("beer", 3)], _bodies.Read<Order>(body));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("{}")]
    [InlineData("{\"events\":[1]}")]
    [InlineData("{\"key\":\"k\",\"events\":1}")]
    [InlineData("{\"version\":2,\"key\":\"k\",\"events\":[]}")]
    [InlineData("\u0001")]
    [InlineData("\u0001\u0000\u0009\u0000\u0009\u0000\u0000\u0000short")]
    [InlineData("\u0001\u0004\u0000\u0000\u0000\u0000\u0000\u0000")]
    [InlineData("\u0002\u0000\u0000\u0000\u0000\u0000\u0000\u0000")]
    public void What_is_no_envelope_is_refused(string message) =>
        Assert.Throws<MalformedEnvelopeException>(() => Envelope.Read(Encoding.UTF8.GetBytes(message)));

    [Fact]
    public void An_event_of_another_type_than_the_subscribers_is_an_error_and_not_skipped()
    {
        (_, EventBody body) = Envelope.Read(Envelope.Write(StreamBodyFormat.Orleans, Stream, ["text"], null));
        Assert.Throws<InvalidCastException>(() => _bodies.Read<int>(body));
    }

    [Fact]
    public void A_plain_body_is_read_as_the_subscriber_likes()
    {
        EventBody body = new(StreamBodyFormat.Plain, """{"item":"beer","count":3}"""u8.ToArray());
        Assert.Equal(body.Events, _bodies.Read<byte[]>(body)[0]);
        Assert.Equal(body.Events, _bodies.Read<ReadOnlyMemory<byte>>(body)[0].ToArray());
        Assert.Equal("""{"item":"beer","count":3}""", _bodies.Read<string>(body)[0]);
        Assert.Equal(new Order("beer", 3), _bodies.Read<Order>(body)[0]);
    }

    public sealed record Order(string Item, int Count);
}
