using Broker.Channels;
using Broker.Policies;
using Broker.Storage;
using Broker.Topics;
using Orleans.Runtime;

namespace Broker.Grains.Channels;

/// <summary>What a channel looks after every few seconds: gateways that are lost, what has come due, its report to the topic, messages that hold the floor.</summary>
/// <param name="channel">The activation.</param>
/// <param name="turns">Ends a turn.</param>
/// <param name="sessions">The gateways.</param>
/// <param name="stragglers">Keeps messages that hold the floor for long.</param>
/// <param name="redriving">Sends dead letters back.</param>
/// <param name="time">The clock.</param>
internal sealed class ChannelUpkeep(
    ChannelActivation channel, ChannelTurns turns, GatewaySessions sessions, StragglerKeeper stragglers, Redriving redriving, TimeProvider time)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    private IGrainTimer? _timer;
    private long _ticked;
    private ChannelReport _lastReport;

    /// <summary>The channel was opened: it has reported nothing yet.</summary>
    /// <param name="open">The channel.</param>
    /// <param name="redrive">The redrive that is under way.</param>
    public void Start(OpenChannel open, Redrive? redrive)
    {
        _lastReport = default;
        redriving.Follow(open, redrive);
        if (_timer is not null)
            return;
        _ticked = Moment.Of(time).Steady;
        _timer = channel.RunLater(TickAsync, Period, Period);
    }

    private async Task TickAsync(CancellationToken cancellation)
    {
        if (channel.Open is { } open)
        {
            // A tick that is late says that this process stood still, not that others did: what they have sent meanwhile waits to be read.
            long now = Moment.Of(time).Steady;
            open.AllowFor(Math.Max(0, now - _ticked - (long)Period.TotalMilliseconds), now);
            await LookAfterAsync(open);
        }

        _ticked = Moment.Of(time).Steady;
    }

    private async Task LookAfterAsync(OpenChannel open)
    {
        if (open.Progress is { IsFenced: true })
        {
            channel.Leave(open);
            return;
        }

        Moment now = Moment.Of(time);
        sessions.DropLost(open, now.Steady);
        // The wall clock may have been set, which no timer tells.
        open.Queue.Expire(now);
        turns.End(open, now);
        if (now.Steady >= open.AttachedBy)
            channel.LeaveIfEphemeral(open);
        try
        {
            await ReportAsync(open);
            await stragglers.KeepAsync(open, now.Steady);
            if (open.Progress is { } progress)
                await progress.FreeDeadAsync();
        }
        catch (FencedException)
        {
            channel.Leave(open);
        }
        catch (StoreException e)
        {
            channel.Log.ProgressFailed(channel.Topic, channel.Name, e.Message);
        }
    }

    // With consumers waiting, or with a floor to report; a topic whose silo died after its OK is woken by this.
    private async Task ReportAsync(OpenChannel open)
    {
        ChannelReport report = new(open.Incarnation, open.Queue.End, open.DurableFloor);
        if (open.Gateways.Count == 0 && report == _lastReport)
            return;
        ChannelReply reply;
        int changes = open.Changes;
        try
        {
            reply = await channel.TopicGrain.ReportAsync(channel.Name, report);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            channel.Log.ReportFailed(channel.Topic, channel.Name, e.Message);
            return;
        }

        _lastReport = report;
        if (!ReferenceEquals(open, channel.Open))
            return;
        switch (reply.Status)
        {
            case TopicStatus.ChannelNotFound or TopicStatus.TopicNotFound:
                await channel.DeleteAsync(open.Incarnation);
                break;
            case TopicStatus.Ok:
                // What the topic has said since the report was sent is newer than the reply.
                if (changes == open.Changes)
                {
                    Adopt(open, reply);
                    redriving.Follow(open, reply.Redrive);
                }

                // The topic offers what this activation lacks, or it offers it to another one that has taken over.
                if (reply.End > open.Queue.End && open.Progress is { } progress)
                    await progress.VerifyAsync();
                break;
        }
    }

    private void Adopt(OpenChannel open, ChannelReply reply)
    {
        ChannelPolicy policy = reply.Policy ?? ChannelPolicy.None;
        if (open.Queue.Paused == reply.Paused && open.Queue.Policy == policy)
            return;
        open.Pause(reply.Paused);
        open.Follow(policy);
        turns.End(open, Moment.Of(time));
    }
}
