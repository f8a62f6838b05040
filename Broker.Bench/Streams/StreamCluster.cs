using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NATS.Client.Core;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Streaming.NATS.Hosting;

namespace Broker.Bench.Streams;

/// <summary>How the silos and the client of a run are set up: each provider as it comes, with its defaults.</summary>
internal static class StreamCluster
{
    public const string Provider = "bench";

    /// <summary>A silo, which is of the cluster of the first one.</summary>
    public static IHost CreateSilo(StreamProviderKind kind, string server, IPEndPoint first, int siloPort, int gatewayPort, string log)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort, gatewayPort, first);
            silo.Configure<ClusterMembershipOptions>(static membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.NumMissedProbesLimit = 3;
                membership.NumVotesForDeathDeclaration = 1;
            });
            silo.AddMemoryGrainStorage("PubSubStore");
            silo.Services.AddSingleton(new HandledLog(log));
            switch (kind)
            {
                case StreamProviderKind.Memory:
                    silo.AddMemoryStreams(Provider);
                    break;
                case StreamProviderKind.Nats:
                    silo.AddNatsStreams(Provider, nats => (nats.StreamName, nats.NatsClientOptions) = (Provider, Nats(server)));
                    break;
                case StreamProviderKind.Broker:
                    silo.AddBrokerStreams(Provider, streams => streams.Addresses.Add(server));
                    break;
            }
        });
        return builder.Build();
    }

    /// <summary>The client that produces.</summary>
    public static IHost CreateClient(StreamProviderKind kind, string server, int gatewayPort)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleansClient(client =>
        {
            client.UseLocalhostClustering(gatewayPort);
            switch (kind)
            {
                case StreamProviderKind.Memory:
                    client.AddMemoryStreams(Provider);
                    break;
                case StreamProviderKind.Nats:
                    client.AddNatsStreams(Provider, nats => (nats.StreamName, nats.NatsClientOptions) = (Provider, Nats(server)));
                    break;
                case StreamProviderKind.Broker:
                    client.AddBrokerStreams(Provider, streams => streams.Addresses.Add(server));
                    break;
            }
        });
        return builder.Build();
    }

    private static NatsOpts Nats(string server) => NatsOpts.Default with { Url = $"nats://{server}" };
}
