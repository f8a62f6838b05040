using Broker.Gateway.Cluster;
using Broker.Grains.Topics;
using Broker.Topics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Broker.Silo.Hosting;

/// <summary>
/// Opens, after the start and a few at a time, all topics that the store lists, with their channels. Who asks for one is served at once all the
/// same; but the first statistics after a restart need not open thousands, and what is damaged is reported before anybody needs it. When the
/// other nodes of the cluster have changed, it does so again: what a lost node hosted is to be hosted by somebody.
/// </summary>
/// <param name="grains">Where topics are found.</param>
/// <param name="nodes">Know when a node has gone.</param>
/// <param name="lifetime">Says when all is served.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where a topic that cannot be opened is reported.</param>
/// <param name="hosted">Is told when all have been opened; null where one node hosts them all.</param>
public sealed partial class TopicOpener(
    IGrainFactory grains,
    ClusterNodes nodes,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<TopicOpener> logger,
    HostedTopics? hosted = null)
    : BackgroundService
{
    // Clients that come back after a restart are more urgent.
    private const int AtOnce = 2;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    // So long statistics wait for topics that are slow to open; tools give up after some more.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when all topics have been opened, or the broker stops.</summary>
    public Task Done => _done.Task;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await StartedAsync(stoppingToken);
            await using ITimer patience = time.CreateTimer(_ => hosted?.Settle(), null, Patience, Timeout.InfiniteTimeSpan);
            using SemaphoreSlim changed = new(0);
            void Note() => changed.Release();
            nodes.Changed += Note;
            try
            {
                while (true)
                {
                    await OpenAllAsync(stoppingToken);
                    SetDone();
                    await changed.WaitAsync(stoppingToken);
                }
            }
            finally
            {
                nodes.Changed -= Note;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Whoever is left is opened at the next start.
        }
        finally
        {
            SetDone();
        }
    }

    private void SetDone()
    {
        _done.TrySetResult();
        hosted?.Settle();
    }

    private async Task OpenAllAsync(CancellationToken stopping)
    {
        string[] topics = await ListAsync(stopping);
        ParallelOptions options = new() { MaxDegreeOfParallelism = AtOnce, CancellationToken = stopping };
        await Parallel.ForEachAsync(topics, options, (topic, _) => OpenAsync(topic));
    }

    private async Task<string[]> ListAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key).TopicsAsync();
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                CannotList(e);
            }
            await Task.Delay(RetryDelay, time, stopping);
        }
    }

    private async Task StartedAsync(CancellationToken stopping)
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration whenStarted = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(stopping);
    }

    private async ValueTask OpenAsync(string topic)
    {
        try
        {
            // Figures open the topic and each of its channels.
            await grains.GetGrain<ITopicGrain>(topic).StatsAsync(new StatsRequest(null, IncludeConsumers: false));
        }
        catch (Exception e)
        {
            CannotOpen(e, topic);
        }
    }

    [LoggerMessage(6011, LogLevel.Warning, "the topics cannot be listed now; trying again. Until then a topic is opened when it is first used")]
    private partial void CannotList(Exception exception);

    [LoggerMessage(6010, LogLevel.Error, "topic {Topic}: cannot be opened now; the next use tries again; see that the disk or database can be read and written")]
    private partial void CannotOpen(Exception exception, string topic);
}
