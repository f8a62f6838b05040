using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Broker.Serving.Hosting;

/// <summary>Where this broker is really reached: with the ports that port 0 became. Known once the server has started.</summary>
public sealed class BoundAddresses
{
    /// <summary>The port of what listens on no port: a unix socket, or nothing at all.</summary>
    public const int NoPort = -1;

    /// <summary>Where NSQ clients are served.</summary>
    public ListenOptions? Tcp { get; set; }

    /// <summary>Where nsqd's HTTP API is served.</summary>
    public ListenOptions? Http { get; set; }

    /// <summary>Where nsqd's HTTP API is served encrypted.</summary>
    public ListenOptions? Https { get; set; }

    /// <summary>Where the lookup service's protocol is served.</summary>
    public ListenOptions? LookupTcp { get; set; }

    /// <summary>Where the lookup service's HTTP API is served.</summary>
    public ListenOptions? LookupHttp { get; set; }

    /// <summary>Port of <see cref="Tcp"/>, or <see cref="NoPort"/>.</summary>
    public int TcpPort => PortOf(Tcp);

    /// <summary>Port of <see cref="Http"/>, or <see cref="NoPort"/>.</summary>
    public int HttpPort => PortOf(Http);

    /// <summary>Port of <see cref="Https"/>, or <see cref="NoPort"/>.</summary>
    public int HttpsPort => PortOf(Https);

    /// <summary>Port of <see cref="LookupTcp"/>, or <see cref="NoPort"/>.</summary>
    public int LookupTcpPort => PortOf(LookupTcp);

    /// <summary>Port of <see cref="LookupHttp"/>, or <see cref="NoPort"/>.</summary>
    public int LookupHttpPort => PortOf(LookupHttp);

    // Kestrel writes the port it got into the options that it listens by.
    private static int PortOf(ListenOptions? listener) => (listener?.EndPoint as IPEndPoint)?.Port ?? NoPort;
}
