using Broker.Channels;
using Broker.Grains.Metrics;
using Broker.Storage;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Grains.Topics;

/// <summary>What one activation of a topic is at: what is open, what it has counted, and whether it is about to end.</summary>
/// <param name="grain">The activation.</param>
/// <param name="grains">Finds other grains.</param>
/// <param name="name">The topic's name.</param>
/// <param name="log">The log.</param>
/// <param name="metrics">Where the topic shows its figures; null for nowhere.</param>
/// <param name="hosted">Told which topics are open here; null where nobody asks.</param>
internal sealed class TopicActivation(
    IGrainBase grain, IGrainFactory grains, string name, ILogger log, GrainMetrics? metrics, HostedTopics? hosted)
{
    private Census<TopicBooks>.Entry? _figures;
    private bool _isShown;

    /// <summary>The topic's name.</summary>
    public string Name => name;

    /// <summary>Whether the topic lives in memory and goes with its last channel.</summary>
    public bool IsEphemeral { get; } = EphemeralName.Matches(name);

    /// <summary>The topic while its log is open; null before and after.</summary>
    public OpenTopic? Open { get; set; }

    /// <summary>What was counted.</summary>
    public TopicBooks Books { get; set; } = new();

    /// <summary>Whether the topic is being deleted, or the activation ends.</summary>
    public bool IsClosing { get; set; }

    /// <summary>Whether this activation is not, or not for long, the topic.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>What gateways of this process publish by; null for nothing.</summary>
    public ITopicLane? Lane { get; set; }

    /// <summary>The log.</summary>
    public ILogger Log => log;

    /// <summary>The directory of all topics.</summary>
    public IDirectoryGrain Directory => grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key);

    /// <summary>The grain of a channel.</summary>
    public IChannelGrain ChannelOf(string channel) => grains.GetGrain<IChannelGrain>(ChannelKey.Of(name, channel));

    /// <summary>Runs something once, between the turns of the topic.</summary>
    public IGrainTimer RunLater(Func<CancellationToken, Task> run, TimeSpan dueTime) => grain.RegisterGrainTimer(
        run, new GrainTimerCreationOptions { DueTime = dueTime, Period = Timeout.InfiniteTimeSpan, Interleave = true });

    /// <summary>Runs something as a turn of the topic. May be called by any thread.</summary>
    public void Run(Action turn) => grain.GrainContext.Scheduler.QueueAction(turn);

    /// <summary>Runs something as turns of the topic, and tells its outcome. May be called by any thread.</summary>
    public Task<T> RunAsync<T>(Func<ValueTask<T>> turns)
    {
        TaskCompletionSource<T> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Run(async void () =>
        {
            try
            {
                outcome.SetResult(await turns());
            }
            catch (Exception e)
            {
                outcome.SetException(e);
            }
        });
        return outcome.Task;
    }

    /// <summary>Ends the activation when nothing is under way.</summary>
    public void DeactivateOnIdle() => grain.DeactivateOnIdle();

    /// <summary>Another opening has taken over: nothing that is done here lasts, and whoever asks again gets where the topic is now.</summary>
    public void Leave()
    {
        if (Open is { } open)
            open.Broken = true;
        if (IsLeaving)
            return;
        IsLeaving = true;
        log.TopicFenced(name);
        DeactivateOnIdle();
    }

    /// <summary>Refuses whoever asks an activation that is about to end.</summary>
    /// <exception cref="FencedException">This activation is not, or not for long, the topic.</exception>
    public void ThrowIfLeaving()
    {
        if (IsLeaving)
            throw new FencedException($"topic {name} is about to be opened elsewhere; ask again");
    }

    /// <summary>Shows the topic's figures, and that it is open here.</summary>
    public void Show()
    {
        _figures ??= metrics?.Topics.Add(Books, name);
        if (_isShown)
            return;
        _isShown = true;
        hosted?.Add(name, Lane);
    }

    /// <summary>Takes back what <see cref="Show"/> did.</summary>
    public void Forget()
    {
        if (_isShown)
            hosted?.Remove(name);
        _isShown = false;
        if (_figures is { } figures)
            metrics?.Topics.Remove(figures);
        _figures = null;
    }

    /// <summary>Counts that something was found that must never be.</summary>
    public void NoteBreach() => metrics?.Breached();
}
