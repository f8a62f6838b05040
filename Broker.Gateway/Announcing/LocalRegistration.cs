using Broker.Gateway.Cluster;
using Broker.Gateways;
using Broker.Protocol.Lookup;
using Microsoft.Extensions.Hosting;

namespace Broker.Gateway.Announcing;

/// <summary>
/// Makes this broker's topics and channels known to the lookup service in the same process, without a connection: as being on this
/// node, and on every other gateway of the cluster, since each of them serves them all.
/// </summary>
public sealed class LocalRegistration(IOwnLookup lookup, BrokerTopology topology, BrokerIdentity identity, ClusterNodes nodes)
    : IHostedLifecycleService
{
    private readonly Lock _sync = new();
    private readonly Dictionary<GatewayNode, RegisteredNode> _others = [];
    private RegisteredNode? _self;

    /// <summary>Registers: the ports are known by now.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
            _self = new RegisteredNode(lookup.Add(identity.LocalAddress, identity.Describe()));
        nodes.Changed += Reconcile;
        topology.Subscribe(Update);
        Reconcile();
        return Task.CompletedTask;
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Update(string topic)
    {
        IReadOnlyList<string>? channels = topology.FindChannels(topic);
        lock (_sync)
        {
            _self?.Update(topic, channels);
            foreach (RegisteredNode node in _others.Values)
                node.Update(topic, channels);
        }
    }

    // Changes of topics are told under the topology's lock, which therefore comes first here too.
    private void Reconcile() => topology.Read(topics =>
    {
        lock (_sync)
        {
            foreach (GatewayNode gone in _others.Keys.Except(nodes.Others).ToArray())
            {
                _others[gone].Remove();
                _others.Remove(gone);
            }

            foreach (GatewayNode come in nodes.Others.Except(_others.Keys).ToArray())
            {
                RegisteredNode node = new(lookup.Add($"{come.BroadcastAddress}:{come.TcpPort}", Describe(come)));
                _others.Add(come, node);
                foreach ((string topic, string[] channels) in topics)
                    node.Update(topic, channels);
            }
        }
    });

    private static PeerInfo Describe(GatewayNode node) => new()
    {
        BroadcastAddress = node.BroadcastAddress,
        Hostname = node.Hostname,
        TcpPort = node.TcpPort,
        HttpPort = node.HttpPort,
        Version = node.Version,
        TopologyZone = node.TopologyZone,
        TopologyRegion = node.TopologyRegion,
    };
}
