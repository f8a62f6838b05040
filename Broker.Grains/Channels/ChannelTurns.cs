using Broker.Storage;
using Orleans.Runtime;

namespace Broker.Grains.Channels;

/// <summary>Ends each turn of a channel: with everything that a change of the queue calls for.</summary>
/// <param name="channel">The activation.</param>
/// <param name="reading">Reads what the queue wants of the log.</param>
/// <param name="burial">Moves what was given up into the channel's store.</param>
/// <param name="time">The clock.</param>
internal sealed class ChannelTurns(ChannelActivation channel, ReadAhead reading, Burial burial, TimeProvider time)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private IGrainTimer? _deadline;
    private long _deadlineAt = long.MaxValue;

    /// <summary>Delivers, writes notes, arms the timer of the next deadline, reads what the queue wants, and buries what it gave up.</summary>
    public void End(OpenChannel open, Moment now)
    {
        if (now.Steady >= open.HeldUntil)
            open.Queue.Dispatch(now);
        open.WriteNotes();
        open.SendOutgoing(channel.Key);
        ArmDeadline(open, now);
        if (!open.Reading && (open.Queue.WantsLog || open.Queue.WantsBodies))
            _ = ReadAsync(open);
        if (!open.Burying && open.Queue.Dying.Count > 0)
            _ = BuryAsync(open);
    }

    private void ArmDeadline(OpenChannel open, Moment now)
    {
        long next = open.Queue.NextDeadline(now);
        if (open.HeldUntil > now.Steady)
            next = Math.Min(next, open.HeldUntil);
        if (next >= _deadlineAt)
            return;
        _deadlineAt = next;
        // Timers take no more than about 49 days; a longer wait is armed again when it fires.
        TimeSpan due = TimeSpan.FromMilliseconds(Math.Clamp(next - now.Steady, 1, 1L << 31));
        if (_deadline is null)
            _deadline = channel.RunLater(OnDeadline, due);
        else
            _deadline.Change(due, Timeout.InfiniteTimeSpan);
    }

    private Task OnDeadline(CancellationToken cancellation)
    {
        _deadlineAt = long.MaxValue;
        if (channel.Open is { } open)
        {
            Moment now = Moment.Of(time);
            open.Queue.Expire(now);
            End(open, now);
        }

        return Task.CompletedTask;
    }

    private async Task ReadAsync(OpenChannel open)
    {
        open.Reading = true;
        try
        {
            while (ReferenceEquals(open, channel.Open) && (open.Queue.WantsLog || open.Queue.WantsBodies))
            {
                await reading.ReadAsync(open);
                End(open, Moment.Of(time));
            }
        }
        catch (StoreException e)
        {
            // What was deleted meanwhile needs nothing any more.
            if (!ReferenceEquals(open, channel.Open) || e is FencedException)
                return;
            channel.Log.ReadFailed(channel.Topic, channel.Name, e.Message);
            RetryLater();
        }
        finally
        {
            open.Reading = false;
        }
    }

    private async Task BuryAsync(OpenChannel open)
    {
        open.Burying = true;
        try
        {
            while (ReferenceEquals(open, channel.Open) && open.Queue.Dying.Count > 0)
            {
                await burial.BuryAsync(open);
                if (ReferenceEquals(open, channel.Open))
                    End(open, Moment.Of(time));
            }
        }
        catch (FencedException)
        {
            channel.Leave(open);
        }
        catch (StoreException e)
        {
            if (!ReferenceEquals(open, channel.Open))
                return;
            channel.Log.BurialFailed(channel.Topic, channel.Name, e.Message);
            RetryLater();
        }
        finally
        {
            open.Burying = false;
        }
    }

    private void RetryLater()
    {
        IGrainTimer? timer = null;
        timer = channel.RunLater(
            _ =>
            {
                timer?.Dispose();
                if (channel.Open is { } open)
                    End(open, Moment.Of(time));
                return Task.CompletedTask;
            },
            RetryDelay);
    }
}
