using Broker.Channels;
using Broker.Storage;
using Orleans.Runtime;

namespace Broker.Grains.Channels;

/// <summary>
/// Sends dead letters back to their channel, a few at a time: as many a second as was asked for, and no more than the channel delivers, so that neither
/// memory nor the channel's store is full of them.
/// </summary>
/// <param name="channel">The activation.</param>
/// <param name="turns">Ends a turn.</param>
/// <param name="time">The clock.</param>
internal sealed class Redriving(ChannelActivation channel, ChannelTurns turns, TimeProvider time)
{
    private const int AtOnce = 256;
    private const int MostWaiting = 1_000;
    private const long MostBytes = 4 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private Run? _run;
    private IGrainTimer? _timer;
    private bool _isStepping;

    /// <summary>The topic's record says which redrive is under way.</summary>
    public void Follow(OpenChannel open, Redrive? redrive)
    {
        if (_run is { } known && known.Open == open && known.Redrive.Started == redrive?.Started)
        {
            // The topic has not heard that it is over.
            if (known.IsOver)
                _ = TellAsync(known);
            return;
        }

        if (redrive is null)
        {
            if (_run is not null)
                _run.IsOver = true;
            return;
        }

        _run = new Run(open, redrive, Moment.Of(time).Steady);
        _timer ??= channel.RunLater(StepAsync, Pause, Pause);
    }

    /// <summary>How far it is.</summary>
    public RedriveReply Describe(OpenChannel open) => _run is { } run && run.Open == open
        ? new RedriveReply { Redrive = run.Redrive, IsRunning = !run.IsOver, Sent = run.Sent, LookedAt = run.LookedAt, Total = run.Total }
        : new RedriveReply();

    private async Task StepAsync(CancellationToken cancellation)
    {
        if (_isStepping)
            return;
        if (_run is not { IsOver: false } run || run.Open != channel.Open)
        {
            _timer?.Dispose();
            _timer = null;
            return;
        }

        _isStepping = true;
        try
        {
            run.Refill(Moment.Of(time).Steady);
            bool isMore = true;
            while (isMore && !run.IsOver && run.Open == channel.Open)
                isMore = await SendAsync(run);
            if (run.IsDone && !run.IsOver)
            {
                run.IsOver = true;
                await TellAsync(run);
            }
        }
        catch (FencedException)
        {
            channel.Leave(run.Open);
        }
        catch (StoreException e)
        {
            channel.Log.RedriveFailed(channel.Topic, channel.Name, e.Message);
        }
        finally
        {
            _isStepping = false;
        }
    }

    /// <summary>Sends some back; false when there is none to send now.</summary>
    private async Task<bool> SendAsync(Run run)
    {
        OpenChannel open = run.Open;
        await open.DeadTurns.WaitAsync();
        try
        {
            long most = Math.Min(Math.Min(AtOnce, MostWaiting - open.Queue.Redelivering), run.Budget);
            if (most <= 0 || run.IsOver)
                return false;
            List<DeadLetter> found = [];
            long looked = 0;
            while (found.Count < most && looked < MostBytes && await run.Walk.NextAsync(run.End) is { } letters)
            {
                foreach (DeadLetter letter in letters)
                {
                    if (found.Count == most)
                    {
                        run.Walk.Return(letter);
                        break;
                    }

                    looked += letter.Size;
                    run.LookedAt++;
                    if (letter.Time <= run.Redrive.Started && run.Walk.Matches(run.Redrive.Filter, letter))
                        found.Add(letter);
                }
            }

            if (found.Count > 0)
                await open.Progress!.ReviveAsync(found);
            if (open != channel.Open)
                return false;
            open.Queue.Revive(found);
            run.Count(found.Count);
            turns.End(open, Moment.Of(time));
            return !run.IsDone && (found.Count > 0 || looked > 0);
        }
        finally
        {
            open.DeadTurns.Release();
        }
    }

    private async Task TellAsync(Run run)
    {
        try
        {
            await channel.TopicGrain.EndRedriveAsync(channel.Name, run.Open.Incarnation, run.Redrive.Started);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            // The next report to the topic finds that it has not heard, and it is told again.
            channel.Log.ReportFailed(channel.Topic, channel.Name, e.Message);
        }
    }

    /// <summary>One redrive.</summary>
    /// <param name="open">The channel.</param>
    /// <param name="redrive">What was asked for.</param>
    /// <param name="now">Milliseconds of the steady clock.</param>
    private sealed class Run(OpenChannel open, Redrive redrive, long now)
    {
        private double _budget;
        private long _refilled = now;

        public OpenChannel Open => open;

        public Redrive Redrive => redrive;

        public LetterWalk Walk { get; } = new(open, open.Queue.Letters.Floor);

        /// <summary>What dies from here on is none of its business.</summary>
        public long End { get; } = open.Queue.Letters.End;

        public long Total { get; } = open.Queue.Letters.Count;

        public long Sent { get; private set; }

        public long LookedAt { get; set; }

        /// <summary>All was looked at.</summary>
        public bool IsDone => Walk.At >= End;

        /// <summary>It is done, or was stopped.</summary>
        public bool IsOver { get; set; }

        /// <summary>Messages that may be sent now.</summary>
        public long Budget => redrive.Rate == 0 ? long.MaxValue : (long)_budget;

        public void Refill(long time)
        {
            _budget = Math.Min(Math.Max(1, redrive.Rate), _budget + (redrive.Rate * (time - _refilled) / 1000.0));
            _refilled = time;
        }

        public void Count(int sent)
        {
            Sent += sent;
            _budget -= sent;
        }
    }
}
