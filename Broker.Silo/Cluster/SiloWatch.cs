using Broker.Gateway.Connections;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>Has the gateway in this silo look after its channels when another silo has gone.</summary>
/// <param name="membership">Knows which silos come and go.</param>
/// <param name="self">This silo.</param>
/// <param name="services">Where the gateway is found, which is made after the silo.</param>
internal sealed class SiloWatch(IClusterMembershipService membership, ILocalSiloDetails self, IServiceProvider services)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
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
                if (now.CreateUpdate(known).Changes.Any(HasGone))
                    gateway.KnockAtChannels();
                known = now;
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // This silo goes itself.
        }
    }

    private bool HasGone(ClusterMember change) => change.Status == SiloStatus.Dead && !change.SiloAddress.Equals(self.SiloAddress);
}
