using System.Net;
using Broker.Gateway.Cluster;
using Broker.Protocol.Lookup;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Announcing;

/// <summary>
/// Keeps one lookup service informed of this broker: connects, announces everything, tells of what changes, shows a sign of life,
/// and begins anew when the connection ends (spec 4.3).
/// </summary>
/// <param name="endPoint">Where the lookup service is.</param>
/// <param name="topology">Names the topics.</param>
/// <param name="findChannels">Names the channels of a topic; null when it is not to be announced.</param>
/// <param name="identity">Who announces it.</param>
/// <param name="beforeRetry">Called before each further attempt to connect; may end in this link being stopped.</param>
/// <param name="maxReply">Greatest size of an answer in bytes.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class LookupLink(
    IPEndPoint endPoint,
    BrokerTopology topology,
    Func<string, IReadOnlyList<string>?> findChannels,
    BrokerIdentity identity,
    Func<Task> beforeRetry,
    int maxReply,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan PingPeriod = TimeSpan.FromSeconds(15);

    /// <summary>Pause before the second attempt at something.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);

    private readonly Lock _sync = new();
    private readonly WakeUp _wake = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SortedSet<string> _changed = new(StringComparer.Ordinal);
    private volatile PeerInfo? _service;
    private volatile bool _pingDue;

    /// <summary>What the service says of itself; null while there is no connection.</summary>
    public PeerInfo? Service => _service;

    /// <summary>Ends when the first attempt to connect has ended one way or the other.</summary>
    public Task FirstAttempt => _firstAttempt.Task;

    /// <summary>The pause after <paramref name="pause"/> when the attempt between them failed too.</summary>
    public static TimeSpan Lengthen(TimeSpan pause) => TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, PingPeriod.Ticks));

    /// <summary>A topic or channel has come or gone.</summary>
    public void Notify(string topic)
    {
        lock (_sync)
            _changed.Add(topic);
        _wake.Set();
    }

    /// <summary>Has <see cref="RunAsync"/> end. The service notices that the connection has.</summary>
    public void Stop() => _stopping.Cancel();

    /// <summary>Runs until <see cref="Stop"/> is called.</summary>
    public async Task RunAsync()
    {
        CancellationToken cancellation = _stopping.Token;
        TimeSpan pause = FirstPause;
        try
        {
            while (true)
            {
                try
                {
                    await ConverseAsync(cancellation);
                }
                catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
                {
                    // Connected means that the trouble is new: the next attempt comes soon.
                    pause = _service is not null ? FirstPause : Lengthen(pause);
                    logger.LookupLost(endPoint, pause, e.Message);
                }
                _service = null;
                _firstAttempt.TrySetResult();
                await Task.Delay(pause, time, cancellation);
                await beforeRetry().WaitAsync(cancellation);
                cancellation.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            logger.LookupLeft(endPoint);
        }
        finally
        {
            _service = null;
            _firstAttempt.TrySetResult();
        }
    }

    private async Task ConverseAsync(CancellationToken cancellation)
    {
        await using LookupConversation conversation = await LookupConversation.OpenAsync(endPoint, time, maxReply, cancellation);
        _service = await conversation.IdentifyAsync(identity.Describe(), cancellation);
        Announcement announcement = new();
        TakeChanged();
        IReadOnlyList<string> topics = topology.Topics;
        logger.LookupReached(endPoint, _service.BroadcastAddress, _service.HttpPort, topics.Count);
        _firstAttempt.TrySetResult();
        _pingDue = false;
        await using ITimer ping = time.CreateTimer(
            _ =>
            {
                _pingDue = true;
                _wake.Set();
            },
            null, PingPeriod, PingPeriod);
        while (true)
        {
            await conversation.SendAsync([.. topics.SelectMany(topic => announcement.Update(topic, findChannels(topic)))], cancellation);
            if (_pingDue)
            {
                _pingDue = false;
                await conversation.PingAsync(cancellation);
            }
            await conversation.IdleAsync(_wake.WaitAsync(cancellation));
            topics = TakeChanged();
        }
    }

    private IReadOnlyList<string> TakeChanged()
    {
        lock (_sync)
        {
            SortedSet<string> changed = _changed;
            _changed = new SortedSet<string>(StringComparer.Ordinal);
            return [.. changed];
        }
    }
}
