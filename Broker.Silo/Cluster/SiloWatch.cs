using System.Net;
using Broker.Gateway.Connections;
using Broker.Grains.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>
/// Tells which silos come and go, and has the gateway in this silo look after its channels when another silo has gone.
/// </summary>
/// <param name="membership">Knows which silos come and go.</param>
/// <param name="self">This silo.</param>
/// <param name="services">Where the gateway is found, which is made after the silo.</param>
/// <param name="hosted">The topics that are open here.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told who has come and gone, and what was taken over.</param>
internal sealed partial class SiloWatch(
    IClusterMembershipService membership,
    ILocalSiloDetails self,
    IServiceProvider services,
    HostedTopics hosted,
    TimeProvider time,
    ILogger<SiloWatch> logger) : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    // What moves is opened by who uses it: nearly all within seconds, and what nobody uses not at all.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stopping = new();
    private Task _watching = Task.CompletedTask;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => observer.Subscribe<SiloWatch>(ServiceLifecycleStage.Active, StartAsync, StopAsync);

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private Task StartAsync(CancellationToken cancellation)
    {
        _watching = Task.Run(() => WatchAsync(services.GetRequiredService<NsqGateway>(), _stopping.Token), cancellation);
        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellation)
    {
        await _stopping.CancelAsync();
        await _watching;
    }

    private async Task WatchAsync(NsqGateway gateway, CancellationToken stopping)
    {
        ClusterMembershipSnapshot known = membership.CurrentSnapshot;
        try
        {
            await foreach (ClusterMembershipSnapshot now in membership.MembershipUpdates.WithCancellation(stopping))
            {
                ClusterMember[] changes = [.. now.CreateUpdate(known).Changes.Where(change => !change.SiloAddress.Equals(self.SiloAddress))];
                if (changes.Any(static change => change.Status == SiloStatus.Dead))
                    gateway.KnockAtChannels();
                foreach (ClusterMember change in changes)
                    Tell(change, known.GetSiloStatus(change.SiloAddress), now.Members.Values.Count(static member => member.Status == SiloStatus.Active), stopping);
                known = now;
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // This silo goes itself.
        }
    }

    private void Tell(ClusterMember silo, SiloStatus before, int active, CancellationToken stopping)
    {
        IPEndPoint address = silo.SiloAddress.Endpoint;
        if (silo.Status == SiloStatus.Active)
        {
            Joined(address, active);
            return;
        }
        if (silo.Status != SiloStatus.Dead || before is SiloStatus.None)
            return;
        if (before is SiloStatus.ShuttingDown or SiloStatus.Stopping)
            Left(address, active);
        else
            Died(address, active);
        _ = TellTakeoverAsync(address, stopping);
    }

    private async Task TellTakeoverAsync(IPEndPoint gone, CancellationToken stopping)
    {
        long began = time.GetTimestamp();
        long opened = hosted.OpenedCount;
        (long count, TimeSpan at) last = (opened, TimeSpan.Zero);
        while (time.GetElapsedTime(began) is var passed && passed - last.at < Quiet)
        {
            await Task.Delay(Look, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested)
                return;
            if (hosted.OpenedCount is var count && count != last.count)
                last = (count, time.GetElapsedTime(began));
        }
        if (last.count > opened)
            TookOver(last.count - opened == 1 ? "1 topic was" : $"{last.count - opened} topics were", last.at.TotalSeconds, gone);
    }

    [LoggerMessage(6060, LogLevel.Information, "silo {Address} joined the cluster; active silos: {Active}")]
    private partial void Joined(IPEndPoint address, int active);

    [LoggerMessage(6061, LogLevel.Information, "silo {Address} left the cluster; active silos: {Active}")]
    private partial void Left(IPEndPoint address, int active);

    [LoggerMessage(6062, LogLevel.Warning, "silo {Address} died; its topics and channels are opened on the others; active silos: {Active}")]
    private partial void Died(IPEndPoint address, int active);

    [LoggerMessage(6063, LogLevel.Information, "{Topics} opened here in the {Seconds:0.0} s after silo {Address} was gone")]
    private partial void TookOver(string topics, double seconds, IPEndPoint address);
}
