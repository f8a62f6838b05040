using Broker.Channels;
using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>The messages that one look has seen, up to as many as were asked for.</summary>
/// <param name="idPrefix">What is in the ids of the messages beside their offsets.</param>
/// <param name="request">What was asked for.</param>
/// <param name="now">The time, by which deadlines are told.</param>
internal sealed class PeekedMessages(ulong idPrefix, PeekRequest request, Moment now)
{
    private readonly List<PeekedMessage> _seen = [];
    private bool _isMore;

    /// <summary>Whether a single message is asked for.</summary>
    public bool IsOfOne => request.Id is not null;

    /// <summary>Offset of the single message that is asked for; null when it is of another node or generation.</summary>
    public long? OffsetOfOne => OffsetOf(request.Id);

    /// <summary>Offset from which on messages are asked for. An id of another node or generation says nothing about it.</summary>
    public long From => OffsetOf(request.After) + 1 ?? 0;

    /// <summary>What has been seen, as it is answered.</summary>
    public PeekReply Reply => new() { Messages = [.. _seen], Next = _isMore ? _seen[^1].Id : null };

    /// <summary>Whether as many have been seen as are asked for. To be asked only when there is another one.</summary>
    public bool IsFull()
    {
        _isMore |= _seen.Count == request.Limit;
        return _isMore;
    }

    /// <summary>Adds a message.</summary>
    /// <param name="message">Where it stands.</param>
    /// <param name="batch">The batch that has its body.</param>
    /// <param name="position">Where in the batch its record begins.</param>
    public void Add(in StandingMessage message, MessageBatch batch, int position)
    {
        ReadOnlySpan<byte> body = batch.BodyAt(position).Span;
        _seen.Add(new PeekedMessage
        {
            Id = MessageId.Of(idPrefix, message.Offset),
            Stage = message.Stage,
            Timestamp = batch.TimestampAt(position),
            Attempts = message.Attempts,
            Due = message.Due,
            Deadline = message.Stage == MessageStage.InFlight ? now.ToWall(message.Deadline) : 0,
            Gateway = message.Consumer?.Gateway.Id,
            Consumer = message.Consumer?.Number ?? 0,
            Size = body.Length,
            Body = body[..Math.Min(body.Length, request.BodyLimit)].ToArray(),
        });
    }

    private long? OffsetOf(ulong? id) => id is { } known && MessageId.PrefixOf(known) == idPrefix ? MessageId.OffsetOf(known) : null;
}
