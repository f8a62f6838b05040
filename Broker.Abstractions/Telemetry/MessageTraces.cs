using System.Buffers.Binary;
using System.Diagnostics;
using Broker.Messages;

namespace Broker.Telemetry;

/// <summary>
/// Traces of messages, from their publish to their finish, by the activity source <c>Broker</c>. Which messages are traced, and the ids of
/// their traces, follow from topic and message id alone: nothing travels with a message, and whoever has its id can find its trace.
/// </summary>
/// <remarks>
/// A trace id is the topic (64 bits of a hash) and then the message id: its last 16 hex digits are those of the message. One in so many
/// offsets of each topic is traced, so that finding those of a batch costs nothing for the others.
/// </remarks>
public sealed class MessageTraces
{
    /// <summary>Name of the activity source.</summary>
    public const string SourceName = "Broker";

    private static readonly ActivitySource Source = new(SourceName);

    private readonly long _every;

    /// <param name="rate">Part of the messages that are traced, 0 to 1.</param>
    public MessageTraces(double rate) => _every = rate > 0 ? Math.Max(1, (long)Math.Round(1 / rate)) : 0;

    /// <summary>Whether messages are traced and somebody listens; all else is only to be called then.</summary>
    public bool IsOn => _every > 0 && Source.HasListeners();

    /// <summary>Whether the message at an offset is traced.</summary>
    public bool Includes(long offset) => offset % _every == 0;

    /// <summary>The offsets from <paramref name="from"/> (inclusive) to <paramref name="end"/> (exclusive) whose messages are traced.</summary>
    public IEnumerable<long> Among(long from, long end)
    {
        for (long offset = (from + _every - 1) / _every * _every; offset < end; offset += _every)
            yield return offset;
    }

    /// <summary>The id of a message's trace.</summary>
    /// <param name="topic">Name of the topic.</param>
    /// <param name="messageId">The message id as a number.</param>
    public static ActivityTraceId TraceIdOf(string topic, ulong messageId)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Hash(topic));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[sizeof(ulong)..], messageId);
        return ActivityTraceId.CreateFromBytes(bytes);
    }

    /// <summary>Adds a span that has ended.</summary>
    /// <param name="name">What happened: publish, append, fan-out, deliver, finish or requeue.</param>
    /// <param name="kind">Which side of a conversation it is.</param>
    /// <param name="topic">Name of the topic.</param>
    /// <param name="messageId">The message id as a number.</param>
    /// <param name="start">When it began.</param>
    /// <param name="end">When it ended.</param>
    /// <param name="tags">What else there is to say.</param>
    public static void Add(
        string name, ActivityKind kind, string topic, ulong messageId, DateTimeOffset start, DateTimeOffset end, params ReadOnlySpan<(string Key, object? Value)> tags)
    {
        ActivityContext parent = new(TraceIdOf(topic, messageId), RootOf(messageId), ActivityTraceFlags.Recorded, isRemote: true);
        if (Source.StartActivity(name, kind, parent, startTime: start) is not { } activity)
            return;
        activity.SetTag("messaging.system", "nsq");
        activity.SetTag("messaging.operation.name", name);
        activity.SetTag("messaging.destination.name", topic);
        activity.SetTag("messaging.message.id", messageId.ToString("x16", System.Globalization.CultureInfo.InvariantCulture));
        foreach ((string key, object? value) in tags)
            activity.SetTag(key, value);
        activity.SetEndTime((end < start ? start : end).UtcDateTime);
        activity.Dispose();
    }

    /// <summary>When a record was published, in the clock's terms.</summary>
    /// <param name="nanoseconds">Nanoseconds since the Unix epoch.</param>
    public static DateTimeOffset TimeOf(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);

    /// <summary>When the record at an index of a batch was published.</summary>
    public static DateTimeOffset PublishTimeOf(MessageBatch batch, long offset) =>
        TimeOf(batch.TimestampAt(batch.PositionOf((int)(offset - batch.BaseOffset))));

    // FNV-1a; must be the same for ever and on every node.
    private static ulong Hash(string text)
    {
        ulong hash = 14_695_981_039_346_656_037;
        foreach (char c in text)
            hash = (hash ^ c) * 1_099_511_628_211;
        return hash == 0 ? 1 : hash;
    }

    // All spans of a message hang on one that nobody sends, as a client's own would be.
    private static ActivitySpanId RootOf(ulong messageId)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (messageId * 0x9E37_79B9_7F4A_7C15) | 1);
        return ActivitySpanId.CreateFromBytes(bytes);
    }
}
