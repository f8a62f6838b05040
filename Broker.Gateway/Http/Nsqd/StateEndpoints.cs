using System.Net;
using Broker.Gateway.Cluster;
using Broker.Gateway.Connections;
using Broker.Gateway.Http.Stats;
using Broker.Gateway.Telemetry;
using Broker.Serving.Hosting;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>What the broker says of itself: <c>/ping</c>, <c>/info</c> and <c>/stats</c> (spec 3.2 to 3.4).</summary>
/// <param name="gateway">Has the limits.</param>
/// <param name="stats">Collects the figures.</param>
/// <param name="addresses">Where the broker listens.</param>
/// <param name="identity">How it is known to others.</param>
/// <param name="clock">When it started.</param>
internal sealed class StateEndpoints(NsqGateway gateway, StatsCollector stats, BoundAddresses addresses, BrokerIdentity identity, BrokerClock clock)
{
    private readonly StatsText _text = new(clock);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/ping", Ping);
        endpoints.MapGet("/info", Info);
        endpoints.MapGet("/stats", StatsAsync);
    }

    private ValueTask<IResult> Ping(HttpContext context)
    {
        string health = stats.Health;
        return new(new PlainResult(health, health == "OK" ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError));
    }

    private ValueTask<IResult> Info(HttpContext context)
    {
        string hostname = Dns.GetHostName();
        InfoDocument info = new()
        {
            Version = gateway.Options.Version,
            BroadcastAddress = identity.BroadcastAddress,
            Hostname = hostname,
            HttpPort = addresses.HttpPort,
            TcpPort = addresses.TcpPort,
            StartTime = clock.StartTime.ToUnixTimeSeconds(),
            MaxHeartbeatInterval = gateway.Options.MaxHeartbeatInterval.Ticks * TimeSpan.NanosecondsPerTick,
            MaxOutputBufferSize = gateway.Options.MaxOutputBufferSize,
            MaxOutputBufferTimeout = gateway.Options.MaxOutputBufferTimeout.Ticks * TimeSpan.NanosecondsPerTick,
            MaxDeflateLevel = gateway.Options.MaxDeflateLevel,
            TopologyZone = gateway.Options.TopologyZone,
            TopologyRegion = gateway.Options.TopologyRegion,
        };
        return new(V1Result.Json(info, InfoJson.Readable.InfoDocument));
    }

    private async ValueTask<IResult> StatsAsync(HttpContext context)
    {
        if (QueryParameters.Of(context.Request) is not { } parameters)
            return V1Error.InvalidRequest;
        StatsDocument document = await stats.CollectAsync(StatsQuestion.Of(parameters), context.RequestAborted);
        return parameters.Find("format") == "json"
            ? V1Result.Json(document, StatsJson.Readable.StatsDocument)
            : V1Result.Text(_text.Write(document));
    }
}
