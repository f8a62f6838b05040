using System.Diagnostics.CodeAnalysis;
using Broker.Messages;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>
/// The appends of an open topic, each request once: which are in the log, and which are under way. Has a lock of its own: gateways of this process append
/// beside the topic's turns (<see cref="TopicLane"/>).
/// </summary>
/// <param name="log">The log.</param>
internal sealed class TopicAppends(ITopicLog log)
{
    private const string UnknownOutcome = "whether an earlier attempt is in the log is not known any more; publish it again if a duplicate does no harm";

    // Held while the log is handed an append, so that offsets follow each other there; the topic's turns go on beside it.
    private readonly Lock _order = new();
    private readonly Lock _lock = new();
    private readonly Queue<PendingAppend> _pending = new();
    private readonly PublishSequences _sequences = new(log.PublisherSequences);
    private long _next = log.NextOffset;
    private long _inLog = log.NextOffset;
    private bool _isCommitDue;

    /// <summary>Bytes of the records that are under way.</summary>
    public long PendingBytes
    {
        get
        {
            lock (_lock)
                return _pending.Sum(static append => (long)append.Batch.Records.Length);
        }
    }

    /// <summary>Whether the log has a request.</summary>
    public SequenceVerdict Judge(PublishRequest request)
    {
        lock (_lock)
            return _sequences.Judge(request.Publisher, request.Sequence, request.Lowest);
    }

    /// <summary>Gives a request its offsets and hands it to the log, in one go.</summary>
    /// <param name="request">The request.</param>
    /// <param name="room">How many messages the topic may take beyond those that it holds; what is more is dropped.</param>
    /// <param name="started">When this is; null when nobody wants to know.</param>
    public AppendStart Begin(PublishRequest request, long room, DateTimeOffset? started)
    {
        lock (_order)
        {
            PendingAppend append;
            lock (_lock)
            {
                AppendStart start = AssignInLock(request, room, started);
                if (start.Append is null)
                    return start;
                append = start.Append;
            }

            ValueTask write = log.AppendAsync(append.Batch, request.Publisher, request.Sequence, request.Lowest);
            if (!write.IsCompletedSuccessfully)
                return new AppendStart { Append = append, Write = write };
            // The log uses what it returned again, once its outcome was taken.
            write.GetAwaiter().GetResult();
            End(append, failure: null);
            return AppendStart.Of(TopicReply.Ok) with { Append = append };
        }
    }

    /// <summary>An append has ended; when it is in the log, so is all before it.</summary>
    /// <param name="append">The append.</param>
    /// <param name="failure">Why it failed; null when it did not.</param>
    public void End(PendingAppend append, string? failure)
    {
        lock (_lock)
        {
            if (failure is null)
                _inLog = Math.Max(_inLog, append.Batch.EndOffset);
            append.End(failure);
        }
    }

    /// <summary>Whether the topic is to be told that there is something to take (<see cref="TryTake"/>): it has not been told yet.</summary>
    public bool TryCallForCommit()
    {
        lock (_lock)
            return _pending.Count > 0 && !_isCommitDue && (_isCommitDue = true);
    }

    /// <summary>Takes the next append that is in the log; the topic takes note of it in this turn.</summary>
    public bool TryTake([NotNullWhen(true)] out PendingAppend? append)
    {
        lock (_lock)
        {
            _isCommitDue = false;
            if (!_pending.TryPeek(out append) || append.Batch.EndOffset > _inLog)
            {
                append = null;
                return false;
            }

            _pending.Dequeue();
            _sequences.Add(append.Publisher, append.Sequence, append.Lowest);
            return true;
        }
    }

    private AppendStart AssignInLock(PublishRequest request, long room, DateTimeOffset? started)
    {
        SequenceVerdict verdict = _sequences.Judge(request.Publisher, request.Sequence, request.Lowest);
        if (verdict != SequenceVerdict.New)
            return AppendStart.Of(verdict == SequenceVerdict.InLog ? TopicReply.Ok : new TopicReply(TopicStatus.Unknown, UnknownOutcome));
        foreach (PendingAppend pending in _pending)
        {
            if (pending.Publisher == request.Publisher && pending.Sequence == request.Sequence)
                return pending.Batch.EndOffset <= _inLog ? AppendStart.Of(TopicReply.Ok) : new AppendStart { Twin = pending.Outcome };
        }

        if (Fit(request.Batch, room) is not { } batch)
            return AppendStart.Of(TopicReply.Ok) with { IsDropped = true };
        if (log.Refusal(batch.Records.Length) is { } refusal)
            return AppendStart.Of(new TopicReply(TopicStatus.Full, refusal));
        batch = batch.At(_next);
        _next = batch.EndOffset;
        PendingAppend append = new(request.Publisher, request.Sequence, request.Lowest, batch, request.Batch, started);
        _pending.Enqueue(append);
        return new AppendStart { Append = append };
    }

    // An ephemeral topic holds no more than the memory queue's size; the rest is dropped although the publish succeeds (spec 2.2).
    private MessageBatch? Fit(MessageBatch batch, long room)
    {
        if (room == long.MaxValue)
            return batch;
        room -= _pending.Sum(static append => (long)append.Batch.Count);
        if (room >= batch.Count)
            return batch;
        if (room <= 0)
            return null;
        return new MessageBatch
        {
            BaseOffset = MessageBatch.Unassigned,
            Count = (int)room,
            Records = batch.Records.AsSpan(0, batch.PositionOf((int)room)).ToArray(),
            DueTimes = batch.DueTimes?[..(int)room],
        };
    }
}
