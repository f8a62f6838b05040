using Broker.Gateway.Connections;
using Broker.Gateways;
using Broker.Protocol.Lookup;
using Broker.Serving.Hosting;
using Broker.Topics;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Cluster;

/// <summary>Tells the directory every <see cref="RenewPeriod"/> that this gateway lives, is told by it what happens, and knows by its answer which others live.</summary>
/// <param name="gateway">The gateway of this process.</param>
/// <param name="identity">Under which address others reach it.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class ClusterNodes(NsqGateway gateway, BrokerIdentity identity, TimeProvider time, ILogger<ClusterNodes> logger) : ServiceAfterStart(logger)
{
    /// <summary>How often; the directory forgets who has missed three.</summary>
    public static readonly TimeSpan RenewPeriod = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan FarewellLimit = TimeSpan.FromSeconds(1);

    private readonly Lock _taking = new();
    private volatile IReadOnlyList<GatewayNode> _others = [];
    private long? _metOthers;

    /// <summary>The other gateways that live, ordered by id.</summary>
    public IReadOnlyList<GatewayNode> Others => _others;

    /// <summary>Called when <see cref="Others"/> has changed, one call at a time; must not wait.</summary>
    public event Action? Changed;

    private IDirectoryGrain Directory => gateway.Grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key);

    /// <summary>
    /// Whether no other gateway has lived lately. Asks the directory now, whatever it last answered: for what cannot be undone.
    /// </summary>
    /// <exception cref="TimeoutException">The directory did not answer.</exception>
    public async Task<bool> IsAloneAsync()
    {
        Take(await Directory.RenewGatewayAsync(Describe()));
        lock (_taking)
        {
            // A directory that has just moved knows nobody until all have renewed.
            return _metOthers is not { } met || time.GetElapsedTime(met) > GatewayNode.Lifetime;
        }
    }

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        GatewayNode self = Describe();
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                Take(await Directory.RenewGatewayAsync(self));
            }
            catch (Exception e)
            {
                // Others may come and go meanwhile; the next answer tells.
                logger.NodesUnknown(e.Message);
            }

            await Task.Delay(RenewPeriod, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            await Directory.RemoveGatewayAsync(self.Id).AsTask().WaitAsync(FarewellLimit, time);
        }
        catch (Exception e)
        {
            // The directory forgets who does not renew.
            logger.NodesUnknown(e.Message);
        }
    }

    private GatewayNode Describe()
    {
        PeerInfo info = identity.Describe();
        return new GatewayNode
        {
            Id = gateway.Id,
            BroadcastAddress = info.BroadcastAddress ?? "",
            Hostname = info.Hostname ?? "",
            TcpPort = (int)(info.TcpPort ?? 0),
            HttpPort = (int)(info.HttpPort ?? 0),
            Version = info.Version ?? "",
            TopologyZone = info.TopologyZone ?? "",
            TopologyRegion = info.TopologyRegion ?? "",
            Observer = gateway.Observer,
        };
    }

    private void Take(GatewayNode[] all)
    {
        IReadOnlyList<GatewayNode> others = [.. all.Where(node => node.Id != gateway.Id)];
        lock (_taking)
        {
            if (others.Count > 0)
                _metOthers = time.GetTimestamp();
            if (others.SequenceEqual(_others))
                return;
            _others = others;
            Changed?.Invoke();
        }
    }
}
