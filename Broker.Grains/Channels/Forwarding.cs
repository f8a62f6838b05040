using System.Text;
using Broker.Channels;
using Broker.Messages;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Channels;

/// <summary>
/// Publishes messages that their channel gave up to another topic: each is in the log there before it is finished here. A crash in between doubles it,
/// and nothing loses it.
/// </summary>
/// <param name="channel">The activation.</param>
/// <param name="time">The clock.</param>
internal sealed class Forwarding(ChannelActivation channel, TimeProvider time)
{
    private long _publisher;
    private long _sequence;
    private Parcel? _pending;

    /// <summary>Whether it is not known yet what became of what was sent last.</summary>
    public bool IsPending(OpenChannel open) => _pending?.Open == open;

    /// <summary>Publishes the first of the dying messages.</summary>
    /// <param name="open">The channel.</param>
    /// <param name="dying">The messages, with their records; those that could not be read have none.</param>
    /// <param name="topic">Where to.</param>
    /// <exception cref="StoreException">They were not taken, or it is not known; they are dying still.</exception>
    public async Task SendAsync(OpenChannel open, IReadOnlyList<(DyingMessage Message, byte[]? Record)> dying, string topic)
    {
        HashSet<long> sent = [.. dying.Where(one => one.Record is not null).Select(one => one.Message.Offset)];
        _pending = new Parcel(open, topic, dying.Count, sent, RequestOf(open, dying), open.Queue.Version);
        await SendAgainAsync();
    }

    /// <summary>Asks again what became of what was sent last.</summary>
    /// <exception cref="StoreException">They were not taken, or it is not known; they are dying still.</exception>
    public async Task SendAgainAsync()
    {
        Parcel parcel = _pending!;
        if (parcel.Request is { } request)
        {
            TopicReply reply;
            try
            {
                reply = await channel.TopicOf(parcel.Topic).PublishAsync(request);
            }
            catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
            {
                // The topic knows the number of the request, so that it may be sent again.
                throw new StoreException($"topic {parcel.Topic} did not answer: {e.Message}", e);
            }

            if (!reply.IsOk)
            {
                _pending = null;
                throw new StoreException($"topic {parcel.Topic} did not take them: {reply.Error ?? reply.Status.ToString()}");
            }
        }

        _pending = null;
        if (!ReferenceEquals(parcel.Open, channel.Open))
            return;
        bool isEmptied = parcel.Open.Queue.Version != parcel.Version;
        parcel.Open.Queue.SendOff(parcel.Count, parcel.Sent, isEmptied ? DiscardCause.Emptied : DiscardCause.Lost);
    }

    // Published now, with the same bodies.
    private PublishRequest? RequestOf(OpenChannel open, IReadOnlyList<(DyingMessage Message, byte[]? Record)> dying)
    {
        byte[][] bodies = [.. dying.Where(one => one.Record is not null).Select(one => one.Record![MessageBatch.RecordHeaderSize..])];
        if (bodies.Length == 0)
            return null;
        if (_publisher == 0)
            _publisher = NumberOf($"{channel.Key} {open.Incarnation} {open.Progress!.Epoch} {Moment.NanosecondsOf(time)}");
        _sequence++;
        return new PublishRequest
        {
            Publisher = _publisher,
            Sequence = _sequence,
            Lowest = _sequence,
            Batch = MessageBatch.Create(Moment.NanosecondsOf(time), bodies),
            AreDeadLetters = true,
        };
    }

    // FNV-1a: no two openings of channels are to publish under one number.
    private static long NumberOf(string text)
    {
        ulong number = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(text))
            number = unchecked((number ^ b) * 1099511628211);
        return (long)(number | 1);
    }

    private sealed record Parcel(OpenChannel Open, string Topic, int Count, HashSet<long> Sent, PublishRequest? Request, int Version);
}
