using System.Net;
using System.Net.Sockets;
using Broker.Silo.Settings;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>
/// Strikes silos from the list that were killed when nobody was left to notice. A silo joins only when it has reached every one on the list: after all were
/// killed at once and came back at other addresses, they would wait for the old ones.
/// </summary>
/// <remarks>
/// Struck is who has not signed the list for three times its period, and cannot be connected to either: a silo that the database was away for is there.
/// </remarks>
/// <param name="settings">What the operator chose.</param>
/// <param name="table">The list.</param>
/// <param name="membership">Knows when this silo has joined.</param>
/// <param name="self">This silo.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told who is struck.</param>
internal sealed partial class DeadSilos(
    BrokerSettings settings, IMembershipTable table, IClusterMembershipService membership, ILocalSiloDetails self, TimeProvider time, ILogger<DeadSilos> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private const int MissedSignatures = 3;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Task _looking = Task.CompletedTask;

    /// <summary>Looks for the first time when the silo is on the list, before it waits for the others.</summary>
    public void Participate(ISiloLifecycle observer) => observer.Subscribe<DeadSilos>(ServiceLifecycleStage.ApplicationServices, StartAsync, StopAsync);

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private async Task StartAsync(CancellationToken cancellation)
    {
        await LookAsync(cancellation);
        _looking = Task.Run(() => LookUntilJoinedAsync(_stopping.Token), cancellation);
    }

    private async Task StopAsync(CancellationToken cancellation)
    {
        await _stopping.CancelAsync();
        await _looking;
    }

    private async Task LookUntilJoinedAsync(CancellationToken stopping)
    {
        try
        {
            while (membership.CurrentSnapshot.GetSiloStatus(self.SiloAddress) is SiloStatus.None or SiloStatus.Created or SiloStatus.Joining)
            {
                await Task.Delay(Period, time, stopping);
                await LookAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It has not joined, and will not.
        }
    }

    private async Task LookAsync(CancellationToken stopping)
    {
        try
        {
            TimeSpan silence = settings.Cluster.TableRefresh * MissedSignatures;
            foreach (SiloAddress silo in (await SilentAsync(silence, stopping)).Select(silo => silo.Entry.SiloAddress))
            {
                if (!await IsThereAsync(silo.Endpoint, stopping) && await TryStrikeAsync(silo, silence, stopping))
                    Struck(silo.Endpoint, silence.TotalSeconds);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            CannotLook(e.Message);
        }
    }

    private async Task<IReadOnlyList<(MembershipEntry Entry, string Tag, TableVersion Version)>> SilentAsync(TimeSpan silence, CancellationToken stopping)
    {
        MembershipTableData list = await table.ReadAllAsync(stopping);
        DateTime limit = time.GetUtcNow().UtcDateTime - silence;
        return
        [
            .. from member in list.Members
               let entry = member.Item1
               where entry.Status != SiloStatus.Dead && entry.IAmAliveTime < limit && !entry.SiloAddress.Endpoint.Equals(self.SiloAddress.Endpoint)
               select (entry, member.Item2, list.Version),
        ];
    }

    // It may have signed meanwhile, and another silo may write at the same moment: then the next look decides.
    private async Task<bool> TryStrikeAsync(SiloAddress silo, TimeSpan silence, CancellationToken stopping)
    {
        foreach ((MembershipEntry entry, string tag, TableVersion version) in await SilentAsync(silence, stopping))
        {
            if (!entry.SiloAddress.Equals(silo))
                continue;
            entry.Status = SiloStatus.Dead;
            return await table.UpdateRowAsync(entry, tag, version.Next(), stopping);
        }
        return false;
    }

    private static async Task<bool> IsThereAsync(IPEndPoint silo, CancellationToken stopping)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(ConnectPatience);
        using Socket socket = new(silo.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(silo, patience.Token);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    [LoggerMessage(6030, LogLevel.Warning, "silo {Address}: has not updated its entry in the list of silos for {Silence} s and cannot be reached; it is removed from the list")]
    private partial void Struck(IPEndPoint address, double silence);

    [LoggerMessage(6031, LogLevel.Warning, "the list of silos cannot be read; trying again: {Cause}")]
    private partial void CannotLook(string cause);
}
