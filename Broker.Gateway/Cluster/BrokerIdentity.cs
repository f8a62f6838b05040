using System.Globalization;
using System.Net;
using Broker.Policies;
using Broker.Protocol.Lookup;
using Broker.Serving.Hosting;
using Microsoft.Extensions.Options;

namespace Broker.Gateway.Cluster;

/// <summary>What this broker tells lookup services of itself (spec 4.3). Known once the server has started: ports may be chosen by the system.</summary>
public sealed class BrokerIdentity(IOptions<GatewayOptions> options, BoundAddresses bound)
{
    /// <summary>Host under which it is reached; what serves loopback only cannot be reached by this host's name.</summary>
    public string BroadcastAddress => Given ?? Loopback ?? Dns.GetHostName();

    /// <summary>Host by which figures are named, as nsqd names them.</summary>
    public string FigureHost => Given ?? Dns.GetHostName();

    /// <summary>Its address as the own lookup service shows it.</summary>
    public string LocalAddress => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Math.Max(0, bound.TcpPort)}");

    private string? Given => options.Value.BroadcastAddress is { Length: > 0 } given ? given : null;

    private string? Loopback =>
        bound.Tcp?.EndPoint is IPEndPoint { Address: var address } && IPAddress.IsLoopback(address) ? address.ToString() : null;

    /// <summary>The body of IDENTIFY. Ports are 0 where nothing is served.</summary>
    public PeerInfo Describe() => new()
    {
        BroadcastAddress = BroadcastAddress,
        Hostname = Dns.GetHostName(),
        TcpPort = options.Value.BroadcastTcpPort is not 0 and int tcp ? tcp : Math.Max(0, bound.TcpPort),
        HttpPort = options.Value.BroadcastHttpPort is not 0 and int http ? http : Math.Max(0, bound.HttpPort),
        Version = options.Value.Version,
        TopologyZone = options.Value.TopologyZone,
        TopologyRegion = options.Value.TopologyRegion,
    };
}
