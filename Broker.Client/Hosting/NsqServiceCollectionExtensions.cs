using System.Diagnostics.CodeAnalysis;
using Broker.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds producers and consumers to a host.</summary>
public static class NsqServiceCollectionExtensions
{
    /// <summary>
    /// Adds a <see cref="NsqProducer"/>, also as <see cref="INsqProducer"/>: one for the whole application, closed with it.
    /// </summary>
    /// <param name="services">Where to add.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="InvalidOperationException">A producer was added before.</exception>
    public static IServiceCollection AddNsqProducer(this IServiceCollection services, Action<NsqProducerOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        AddProducer(services).Configure(configure);
        return services;
    }

    /// <summary>The same with options from configuration, such as <c>configuration.GetSection("Nsq:Producer")</c>.</summary>
    /// <inheritdoc cref="AddNsqProducer(IServiceCollection, Action{NsqProducerOptions})" path="/returns"/>
    /// <param name="services">Where to add.</param>
    /// <param name="section">Keys are the names of the properties of <see cref="NsqProducerOptions"/>.</param>
    /// <param name="configure">Sets further options; null for none.</param>
    public static IServiceCollection AddNsqProducer(
        this IServiceCollection services, IConfiguration section, Action<NsqProducerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(section);
        OptionsBuilder<NsqProducerOptions> options = AddProducer(services).Configure(producer => section.Bind(producer));
        if (configure is not null) options.Configure(configure);
        return services;
    }

    /// <summary>
    /// Adds a consumer that runs with the host: it connects when the host starts and finishes what is in flight when the host
    /// stops. May be called for any number of consumers.
    /// </summary>
    /// <typeparam name="THandler">What handles the messages. Added with <paramref name="lifetime"/> unless it was added before.</typeparam>
    /// <param name="services">Where to add.</param>
    /// <param name="configure">Sets the options.</param>
    /// <param name="lifetime">
    /// <see cref="ServiceLifetime.Singleton"/> for one handler that takes all messages; <see cref="ServiceLifetime.Scoped"/> or
    /// <see cref="ServiceLifetime.Transient"/> for a scope and a handler of its own for each message.
    /// </param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddNsqConsumer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this IServiceCollection services, Action<NsqConsumerOptions> configure, ServiceLifetime lifetime = ServiceLifetime.Singleton)
        where THandler : class, INsqMessageHandler
    {
        ArgumentNullException.ThrowIfNull(configure);
        AddConsumer<THandler>(services, lifetime).Configure(configure);
        return services;
    }

    /// <summary>The same with options from configuration, such as <c>configuration.GetSection("Nsq:Consumer")</c>.</summary>
    /// <typeparam name="THandler">What handles the messages. Added with <paramref name="lifetime"/> unless it was added before.</typeparam>
    /// <param name="services">Where to add.</param>
    /// <param name="section">Keys are the names of the properties of <see cref="NsqConsumerOptions"/>.</param>
    /// <param name="configure">Sets further options; null for none.</param>
    /// <param name="lifetime">As in the other overload.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddNsqConsumer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this IServiceCollection services,
        IConfiguration section,
        Action<NsqConsumerOptions>? configure = null,
        ServiceLifetime lifetime = ServiceLifetime.Singleton)
        where THandler : class, INsqMessageHandler
    {
        ArgumentNullException.ThrowIfNull(section);
        OptionsBuilder<NsqConsumerOptions> options = AddConsumer<THandler>(services, lifetime).Configure(consumer => section.Bind(consumer));
        if (configure is not null) options.Configure(configure);
        return services;
    }

    /// <summary>Adds a check that is healthy while the producer added to the host reaches a server.</summary>
    /// <param name="builder">Where to add.</param>
    /// <param name="name">Name of the check.</param>
    /// <param name="failureStatus">What to report when it fails; null for unhealthy.</param>
    /// <param name="tags">Tags to choose checks by; null for none.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static IHealthChecksBuilder AddNsqProducer(
        this IHealthChecksBuilder builder, string name = "nsq-producer", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name, provider => new ProducerHealthCheck(provider.GetRequiredService<NsqProducer>()), failureStatus, tags));
    }

    /// <summary>
    /// Adds a check of all consumers added to the host: healthy while each is connected to a server, degraded while one backs
    /// off after failures.
    /// </summary>
    /// <param name="builder">Where to add.</param>
    /// <param name="name">Name of the check.</param>
    /// <param name="failureStatus">What to report when a consumer has no server; null for unhealthy.</param>
    /// <param name="tags">Tags to choose checks by; null for none.</param>
    /// <returns><paramref name="builder"/>.</returns>
    public static IHealthChecksBuilder AddNsqConsumers(
        this IHealthChecksBuilder builder, string name = "nsq-consumers", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name,
            provider => new ConsumerHealthCheck(provider.GetServices<IHostedService>().OfType<ConsumerService>()),
            failureStatus,
            tags));
    }

    private static OptionsBuilder<NsqProducerOptions> AddProducer(IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(NsqProducer)))
            throw new InvalidOperationException("a producer was added before; one publishes to any number of topics");
        services.AddSingleton(provider => new NsqProducer(
            provider.GetRequiredService<IOptions<NsqProducerOptions>>().Value,
            provider.GetService<ILogger<NsqProducer>>(),
            provider.GetService<TimeProvider>()));
        services.TryAddSingleton<INsqProducer>(provider => provider.GetRequiredService<NsqProducer>());
        return services.AddOptions<NsqProducerOptions>();
    }

    private static OptionsBuilder<NsqConsumerOptions> AddConsumer<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        IServiceCollection services, ServiceLifetime lifetime)
        where THandler : class, INsqMessageHandler
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAdd(new ServiceDescriptor(typeof(THandler), typeof(THandler), lifetime));
        // Options of this one consumer: it may be one of several.
        string name = $"nsq-consumer-{Guid.NewGuid():N}";
        services.AddSingleton<IHostedService>(provider => new ConsumerService(
            provider.GetRequiredService<IOptionsMonitor<NsqConsumerOptions>>().Get(name),
            lifetime == ServiceLifetime.Singleton
                ? provider.GetRequiredService<THandler>()
                : new ScopedHandler<THandler>(provider.GetRequiredService<IServiceScopeFactory>()),
            provider.GetService<ILogger<NsqConsumer>>(),
            provider.GetService<TimeProvider>()));
        return services.AddOptions<NsqConsumerOptions>(name);
    }
}
