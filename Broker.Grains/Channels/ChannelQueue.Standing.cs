using Broker.Channels;

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
        offset >= Cursor && offset < End && !_finished.Contains(offset) && !_known.Contains(offset) && !IsHidden(offset)
        && !_inFlight.TryGet(offset, out _, out _);

    /// <summary>Makes a message ready now that is in flight or deferred.</summary>
    /// <returns>False when there is no such message.</returns>
    public bool RequeueNow(long offset)
    {
        if (Find(offset) is not { } message)
            return false;
        switch (message.Stage)
        {
            case MessageStage.InFlight:
                RequeueCount++;
                Redeliver(offset, message.Attempts, TakeFromConsumer(message));
                UpdateCredit(message.Consumer!);
                return true;
            case MessageStage.Deferred:
                Redeliver(offset, message.Attempts, TakeDeferred(message));
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
            UpdateCredit(message.Consumer!);
        }
        else if (message.Stage == MessageStage.Deferred)
        {
            TakeDeferred(message);
        }
        else if (!RemoveFromWindow(offset) && !_redeliveries.Remove(offset) && !TryRemoveMissing(offset))
        {
            _plainFrom = Math.Max(_plainFrom, offset + 1);
            TakeOffBacklog(1);
        }

        FinishedCount++;
        MarkFinished(offset);
        return true;
    }

    private IEnumerable<StandingMessage> All(MessageStage stage) => stage switch
    {
        MessageStage.InFlight => _inFlight.All(),
        MessageStage.Deferred => _deferred.All().Select(item =>
            new StandingMessage(MessageStage.Deferred, item.Message.Offset, item.Message.Attempts)
            {
                Due = item.Due,
                Body = _deferredBodies.GetValueOrDefault(item.Message.Offset),
            }),
        _ => Runs(_redeliveries)
            .Concat(Runs(_window))
            .Concat(_missing.Select(message => new StandingMessage(MessageStage.Waiting, message.Offset, message.Attempts))),
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

    private BodyRef TakeDeferred(in StandingMessage message)
    {
        _deferred.Remove(message.Offset);
        return _deferredBodies.Remove(message.Offset, out BodyRef body) ? body : default;
    }

    private bool RemoveFromWindow(long offset)
    {
        for (int i = 0; i < _window.RunCount; i++)
        {
            ReadyRun run = _window[i];
            if (offset < run.FirstOffset || offset >= run.FirstOffset + run.Count)
                continue;
            // Bytes are counted by batch, whose runs stand side by side, and given back with its last run.
            bool isLast = run.Count == 1
                && (i == 0 || !ReferenceEquals(_window[i - 1].Batch, run.Batch))
                && (i + 1 == _window.RunCount || !ReferenceEquals(_window[i + 1].Batch, run.Batch));
            if (isLast)
                _windowBytes -= run.Batch.Records.Length;
            return _window.Remove(offset);
        }

        return false;
    }
}
