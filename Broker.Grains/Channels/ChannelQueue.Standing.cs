using Broker.Channels;
using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>What an operator sees of single messages, and does with them.</summary>
public sealed partial class ChannelQueue
{
    /// <summary>Messages of a stage in the order of their offsets; of those that wait, only what was taken from the log already.</summary>
    /// <param name="stage">Where they stand.</param>
    /// <param name="from">Least offset.</param>
    /// <param name="max">Most messages.</param>
    public List<StandingMessage> Standing(MessageStage stage, long from, int max)
    {
        // The greatest of the lowest stands on top, to make room for one that is lower.
        PriorityQueue<StandingMessage, long> lowest = new();
        foreach (StandingMessage message in All(stage))
        {
            if (message.Offset < from)
                continue;
            if (lowest.Count < max)
                lowest.Enqueue(message, -message.Offset);
            else if (message.Offset < lowest.Peek().Offset)
                lowest.EnqueueDequeue(message, -message.Offset);
        }

        List<StandingMessage> found = [.. lowest.UnorderedItems.Select(item => item.Element)];
        found.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        return found;
    }

    /// <summary>A message wherever it stands; null when it is finished, unknown, or between two states.</summary>
    public StandingMessage? Find(long offset)
    {
        if (_inFlight.Find(offset) is { } inFlight)
            return inFlight;
        foreach (MessageStage stage in (ReadOnlySpan<MessageStage>)[MessageStage.Waiting, MessageStage.Deferred])
        {
            foreach (StandingMessage message in All(stage))
            {
                if (message.Offset == offset)
                    return message;
            }
        }

        return WaitsInLog(offset) ? new StandingMessage(MessageStage.Waiting, offset, 0) : null;
    }

    /// <summary>Whether an offset above the cursor would be loaded, if there is a message of that offset in the log that is due at once.</summary>
    public bool WaitsInLog(long offset) =>
        _intake.WaitsInLog(offset) && !_inFlight.TryGet(offset, out _, out _);

    /// <summary>Makes a message ready now that is in flight or deferred.</summary>
    /// <returns>False when there is no such message.</returns>
    public bool RequeueNow(long offset)
    {
        if (Find(offset) is not { } message)
            return false;
        switch (message.Stage)
        {
            case MessageStage.InFlight:
                Books.Requeues++;
                _redeliveries.Add(offset, message.Attempts, TakeFromConsumer(message));
                _dispatcher.UpdateCredit(message.Consumer!);
                return true;
            case MessageStage.Deferred:
                _redeliveries.Add(offset, message.Attempts, _deferred.Remove(offset));
                return true;
            default:
                return true;
        }
    }

    /// <summary>Takes a message out for good, wherever it stands; it counts as finished.</summary>
    /// <returns>False when there is no such message.</returns>
    public bool Drop(long offset)
    {
        if (Find(offset) is not { } message)
            return false;
        if (message.Stage == MessageStage.InFlight)
        {
            TakeFromConsumer(message);
            _dispatcher.UpdateCredit(message.Consumer!);
        }
        else if (message.Stage == MessageStage.Deferred)
        {
            _deferred.Remove(offset);
        }
        else if (!_window.Remove(offset) && !_redeliveries.Remove(offset))
        {
            _intake.LeaveOut(offset);
        }

        Books.Finished++;
        _notes.Finish(offset);
        return true;
    }

    /// <summary>
    /// Messages that hold the floor although they were taken up: in flight, deferred or to be delivered again; at most
    /// <paramref name="max"/>, in order of their offsets.
    /// </summary>
    public List<long> Stragglers(int max)
    {
        List<long> stragglers = [];
        long limit = _window.Runs.RunCount > 0 ? _window.Runs.First.FirstOffset : Cursor;
        foreach (OffsetRange range in _notes.Unfinished(Floor, limit))
        {
            for (long offset = range.Start; offset < range.End && stragglers.Count < max; offset++)
                stragglers.Add(offset);
            if (stragglers.Count == max)
                break;
        }

        return stragglers;
    }

    /// <summary>Attempts and due time (0 when it is not deferred) of messages that are taken up, for those of <paramref name="offsets"/> that are.</summary>
    public Dictionary<long, (ushort Attempts, long Due)> Describe(IReadOnlyCollection<long> offsets)
    {
        Dictionary<long, (ushort, long)> states = new(offsets.Count);
        foreach (long offset in offsets)
            states[offset] = (_inFlight.TryGet(offset, out _, out ushort attempts) ? attempts : (ushort)0, 0);
        foreach (StandingMessage message in _deferred.All())
        {
            if (states.ContainsKey(message.Offset))
                states[message.Offset] = (message.Attempts, message.Due);
        }

        foreach (DeferredMessage message in _redeliveries.Missing)
        {
            if (states.ContainsKey(message.Offset))
                states[message.Offset] = (message.Attempts, 0);
        }

        return states;
    }

    private IEnumerable<StandingMessage> All(MessageStage stage) => stage switch
    {
        MessageStage.InFlight => _inFlight.All(),
        MessageStage.Deferred => _deferred.All(),
        _ => Runs(_redeliveries.Runs)
            .Concat(Runs(_window.Runs))
            .Concat(_redeliveries.Missing.Select(message => new StandingMessage(MessageStage.Waiting, message.Offset, message.Attempts))),
    };

    private static IEnumerable<StandingMessage> Runs(RunQueue runs)
    {
        for (int i = 0; i < runs.RunCount; i++)
        {
            ReadyRun run = runs[i];
            int position = run.Position;
            for (int index = 0; index < run.Count; index++)
            {
                yield return new StandingMessage(MessageStage.Waiting, run.FirstOffset + index, run.Attempts) { Body = new BodyRef(run.Batch, position) };
                position += run.Batch.SizeAt(position);
            }
        }
    }

    private BodyRef TakeFromConsumer(in StandingMessage message)
    {
        if (message.Consumer!.InFlight > 0)
            message.Consumer.InFlight--;
        return _inFlight.Remove(message.Offset);
    }
}
