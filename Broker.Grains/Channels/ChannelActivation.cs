using Broker.Channels;
using Broker.Grains.Metrics;
using Broker.Storage;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Grains.Channels;

/// <summary>What one activation of a channel is at: what is open, what is being opened, and how it ends.</summary>
internal sealed class ChannelActivation
{
    private readonly IGrainBase _grain;
    private readonly IGrainFactory _grains;
    private readonly GrainMetrics? _metrics;
    private OpenChannel? _fenced;
    private Census<OpenChannel>.Entry? _figures;

    /// <param name="grain">The activation.</param>
    /// <param name="grains">Finds other grains.</param>
    /// <param name="key">The grain's key.</param>
    /// <param name="log">The log.</param>
    /// <param name="metrics">Where the channel shows its figures; null for nowhere.</param>
    public ChannelActivation(IGrainBase grain, IGrainFactory grains, string key, ILogger log, GrainMetrics? metrics)
    {
        _grain = grain;
        _grains = grains;
        _metrics = metrics;
        Key = key;
        Log = log;
        (Topic, Name) = ChannelKey.Parse(key);
        IsEphemeral = EphemeralName.Matches(Name);
        OwnsBodies = IsEphemeral || EphemeralName.Matches(Topic);
    }

    /// <summary>The grain's key.</summary>
    public string Key { get; }

    /// <summary>The topic's name.</summary>
    public string Topic { get; }

    /// <summary>The channel's name.</summary>
    public string Name { get; }

    /// <summary>Whether the channel goes with its last consumer.</summary>
    public bool IsEphemeral { get; }

    /// <summary>Whether the bodies are kept in memory here rather than in the topic's log.</summary>
    public bool OwnsBodies { get; }

    /// <summary>The channel while it is open; null before and after.</summary>
    public OpenChannel? Open { get; set; }

    /// <summary>The opening that may be under way.</summary>
    public SingleRun Opening { get; } = new();

    /// <summary>The log.</summary>
    public ILogger Log { get; }

    /// <summary>Whether anybody looks at figures of this channel.</summary>
    public bool IsMeasured => _metrics is not null;

    /// <summary>The grain of the topic.</summary>
    public ITopicGrain TopicGrain => _grains.GetGrain<ITopicGrain>(Topic);

    /// <summary>The grain of another topic.</summary>
    public ITopicGrain TopicOf(string topic) => _grains.GetGrain<ITopicGrain>(topic);

    /// <summary>Runs something between the turns of the channel, once or, with a period, again and again.</summary>
    public IGrainTimer RunLater(Func<CancellationToken, Task> run, TimeSpan dueTime, TimeSpan? period = null) => _grain.RegisterGrainTimer(
        run, new GrainTimerCreationOptions { DueTime = dueTime, Period = period ?? Timeout.InfiniteTimeSpan, Interleave = true });

    /// <summary>Ends the activation when nothing is under way.</summary>
    public void DeactivateOnIdle() => _grain.DeactivateOnIdle();

    /// <summary>Shows the figures of what is open.</summary>
    public void Show(OpenChannel open) => _figures = _metrics?.Channels.Add(open, Topic, Name);

    /// <summary>Counts that something was found that must never be.</summary>
    public void NoteBreach() => _metrics?.Breached();

    /// <summary>What was deleted, and what never was and is only asked for, must not fill the memory. Whoever asks next finds a new activation.</summary>
    public void LeaveIfGone()
    {
        if (Open is null && Opening.UnderWay is null)
            DeactivateOnIdle();
    }

    /// <summary>The channel was opened elsewhere, so nothing that is done here lasts: its gateways are to find it there.</summary>
    public void Leave(OpenChannel open)
    {
        if (!ReferenceEquals(open, Open))
            return;
        Log.ChannelFenced(Topic, Name, open.Gateways.Count);
        Open = null;
        _fenced = open;
        Forget();
        DeactivateOnIdle();
    }

    /// <summary>The last consumer of an ephemeral channel has left: the channel goes with it (spec 2.2).</summary>
    public void LeaveIfEphemeral(OpenChannel open)
    {
        if (!IsEphemeral || open.Gateways.Count > 0 || open.Leaving)
            return;
        open.Leaving = true;
        _ = AskForDeletionAsync(open);
    }

    /// <summary>Closes what is open of an incarnation, and tells its gateways.</summary>
    public async ValueTask<TopicStatus> DeleteAsync(long incarnation)
    {
        if (Opening.UnderWay is { } opening)
            await Task.WhenAny(opening);
        if (Open is not { } open || open.Incarnation != incarnation)
        {
            LeaveIfGone();
            return TopicStatus.ChannelNotFound;
        }

        await CloseAsync(open);
        LeaveIfGone();
        return TopicStatus.Ok;
    }

    /// <summary>Closes what is open, and tells its gateways.</summary>
    public async ValueTask CloseAsync(OpenChannel open)
    {
        Open = null;
        Forget();
        foreach (AttachedGateway gateway in open.Gateways.Values)
            gateway.Observer.Close(Key, open.Incarnation);
        if (open.Progress is { } progress)
            await progress.DisposeAsync();
    }

    /// <summary>The activation ends: what is in flight is written down.</summary>
    public async Task EndAsync()
    {
        if (_fenced is { Progress: { } fenced })
            await fenced.DisposeAsync();
        if (Open is { } ending)
            await ending.BuriedAsync();
        if (Open is not { } open)
            return;
        Open = null;
        Forget();
        if (open.Progress is null)
            return;
        open.Queue.NoteInFlight();
        open.WriteNotes();
        await open.Progress.DisposeAsync();
    }

    private void Forget()
    {
        if (_figures is { } figures)
            _metrics?.Channels.Remove(figures);
        _figures = null;
    }

    private async Task AskForDeletionAsync(OpenChannel open)
    {
        try
        {
            await TopicGrain.DeleteChannelAsync(Name, open.Incarnation);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            Log.ChannelDeleteFailed(Topic, Name, e.Message);
        }
        finally
        {
            open.Leaving = false;
        }
    }
}
