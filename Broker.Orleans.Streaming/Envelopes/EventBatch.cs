using System.Diagnostics;
using Broker.Orleans.Streaming.Queues;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Envelopes;

/// <summary>
/// The events of a message on their way from a pulling agent to a subscriber. They stay bytes until the subscriber asks for them, so
/// that agents need not know their types.
/// </summary>
[GenerateSerializer]
[Immutable]
[SerializationCallbacks(typeof(OnDeserializedCallbacks))]
[Alias("Broker.Orleans.Streaming.EventBatch")]
internal sealed class EventBatch : IBatchContainer, IOnDeserialized
{
    [NonSerialized]
    private EventBodies? _bodies;

    [NonSerialized]
    private readonly HeldMessage? _source;

    public EventBatch(StreamId streamId, BrokerSequenceToken token, EventBody body, EventBodies bodies, HeldMessage source)
    {
        StreamId = streamId;
        Token = token;
        Body = body;
        _bodies = bodies;
        _source = source;
    }

    [Id(0)]
    public StreamId StreamId { get; }

    [Id(1)]
    public BrokerSequenceToken Token { get; }

    [Id(2)]
    public EventBody Body { get; }

    public StreamSequenceToken SequenceToken => Token;

    /// <summary>The message it came in, where that was received.</summary>
    public HeldMessage? Source => _source;

    public IEnumerable<Tuple<T, StreamSequenceToken>> GetEvents<T>()
    {
        IReadOnlyList<T> events = _bodies!.Read<T>(Body);
        for (int i = 0; i < events.Count; i++)
        {
            // Open while the subscriber handles the event: it comes back for the next one when it is done.
            using Activity? activity = StreamTelemetry.StartProcess(StreamId, Token, Body);
            yield return Tuple.Create(events[i], (StreamSequenceToken)Token.CreateSequenceTokenForEvent(i));
        }
    }

    public bool ImportRequestContext()
    {
        if (Body.Context is null) return false;
        RequestContextExtensions.Import(Body.Context);
        return true;
    }

    public void OnDeserialized(DeserializationContext context) =>
        _bodies = (EventBodies?)context.ServiceProvider.GetService(typeof(EventBodies))
            ?? throw new InvalidOperationException("Events of a broker's streams came to a process without AddBrokerStreams: add it there too.");

    public override string ToString() => $"{StreamId} {Token.MessageId}";
}
