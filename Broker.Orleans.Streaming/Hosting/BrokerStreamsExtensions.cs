using Broker.Orleans.Streaming;
using Broker.Orleans.Streaming.Envelopes;
using Broker.Orleans.Streaming.Queues;
using Broker.Orleans.Streaming.Watching;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Serialization;

namespace Orleans.Hosting;

/// <summary>Adds streams whose queues are topics of a broker.</summary>
public static class BrokerStreamsExtensions
{
    // A pulling agent waits at its queue, so this is only how soon it comes back when it went away to register a new stream.
    private static readonly TimeSpan PollPeriod = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// Adds a stream provider to a silo. Options come from the section <c>Orleans:Streaming:&lt;name&gt;</c> of the configuration, and then from
    /// <paramref name="options"/>. Explicit subscriptions need a grain storage named <c>PubSubStore</c>.
    /// </summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">The provider's name.</param>
    /// <param name="options">Sets options; null for those of the configuration.</param>
    /// <param name="configure">Changes Orleans' own settings of the provider, such as its queue balancer; null for the usual ones.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static ISiloBuilder AddBrokerStreams(
        this ISiloBuilder builder, string name, Action<BrokerStreamOptions>? options = null, Action<ISiloPersistentStreamConfigurator>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        AddOptions(builder.Services, builder.Configuration, name, options);
        builder.Services.AddOptions<StreamPullingAgentOptions>(name).Configure(agents => agents.GetQueueMsgsTimerPeriod = PollPeriod);
        builder.AddPersistentStreams(name, BrokerQueueAdapterFactory.Create, streams => configure?.Invoke(streams));
        return builder;
    }

    /// <summary>
    /// Adds a stream provider to a client outside of the cluster, which produces by itself and subscribes by the silos, that need the provider
    /// with the same options. Options come from the same places as a silo's.
    /// </summary>
    /// <param name="builder">The client.</param>
    /// <param name="name">The provider's name.</param>
    /// <param name="options">Sets options; null for those of the configuration.</param>
    /// <param name="configure">Changes Orleans' own settings of the provider; null for the usual ones.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static IClientBuilder AddBrokerStreams(
        this IClientBuilder builder,
        string name,
        Action<BrokerStreamOptions>? options = null,
        Action<IClusterClientPersistentStreamConfigurator>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        AddOptions(builder.Services, builder.Configuration, name, options);
        builder.AddPersistentStreams(name, BrokerQueueAdapterFactory.Create, streams => configure?.Invoke(streams));
        return builder;
    }

    /// <summary>
    /// Adds a health check for a stream provider: unhealthy when it refuses to receive, degraded while its broker is away.
    /// </summary>
    /// <param name="builder">Where to add.</param>
    /// <param name="name">The provider's name, which is also the check's with <c>streams-</c> before it.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static IHealthChecksBuilder AddBrokerStreams(this IHealthChecksBuilder builder, string name) =>
        builder.Add(new HealthCheckRegistration("streams-" + name, services => new BrokerStreamsHealthCheck(services, name), failureStatus: null, tags: null));

    private static void AddOptions(IServiceCollection services, IConfiguration configuration, string name, Action<BrokerStreamOptions>? configure)
    {
        services.TryAddSingleton(provider => new EventBodies(provider.GetRequiredService<Serializer>()));
        services.AddSingleton<IValidateOptions<BrokerStreamOptions>>(
            provider => new BrokerStreamOptionsValidator(name, provider.GetRequiredService<IOptions<ClusterOptions>>()));
        OptionsBuilder<BrokerStreamOptions> options = services.AddOptions<BrokerStreamOptions>(name)
            .Configure(streams => BrokerStreamsConfiguration.Bind(configuration, name, streams));
        if (configure is not null) options.Configure(configure);
        options.ValidateOnStart();
    }
}
