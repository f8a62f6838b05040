using Broker.Orleans.Streaming.Envelopes;
using Broker.Orleans.Streaming.Watching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>What Orleans makes a provider from.</summary>
internal sealed class BrokerQueueAdapterFactory : IQueueAdapterFactory, IDisposable
{
    private readonly QueueMap _map;
    private readonly BrokerQueueAdapter _adapter;
    private readonly SubscriptionFailures _failures;

    private BrokerQueueAdapterFactory(QueueMap map, BrokerQueueAdapter adapter, SubscriptionFailures failures) =>
        (_map, _adapter, _failures) = (map, adapter, failures);

    public BrokerQueueAdapter Adapter => _adapter;

    public static BrokerQueueAdapterFactory Create(IServiceProvider services, string provider)
    {
        BrokerStreamOptions options = services.GetRequiredService<IOptionsMonitor<BrokerStreamOptions>>().Get(provider);
        StreamPullingAgentOptions agents = services.GetRequiredService<IOptionsMonitor<StreamPullingAgentOptions>>().Get(provider);
        ILoggerFactory loggers = services.GetRequiredService<ILoggerFactory>();
        ILogger logger = loggers.CreateLogger<BrokerQueueAdapterFactory>();
        string prefix = options.TopicPrefix ?? provider;
        string channel = options.Channel ?? services.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId;
        QueueMap map = new(prefix, channel, options);
        BrokerQueueAdapter adapter = new(
            provider,
            prefix,
            channel,
            options,
            map,
            Math.Max(1, agents.BatchContainerBatchSize),
            services.GetRequiredService<EventBodies>(),
            new BrokerPresence(provider, logger),
            loggers,
            services.GetService<TimeProvider>() ?? TimeProvider.System);
        SubscriptionFailures failures = new(options.FaultSubscriptionOnError, services.GetKeyedService<IStreamFailureHandler>(provider), logger);
        return new BrokerQueueAdapterFactory(map, adapter, failures);
    }

    public Task<IQueueAdapter> CreateAdapter() => Task.FromResult<IQueueAdapter>(_adapter);

    public Task<IQueueAdapter> CreateAdapter(CancellationToken cancellationToken) => CreateAdapter();

    public IQueueAdapterCache GetQueueAdapterCache() => _adapter;

    public IStreamQueueMapper GetStreamQueueMapper() => _map;

    public Task<IStreamFailureHandler> GetDeliveryFailureHandler(QueueId queueId) => Task.FromResult<IStreamFailureHandler>(_failures);

    public void Dispose() => _adapter.Dispose();
}
