using Broker.Events;
using Broker.Grains.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Providers;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Silo.Cluster;

/// <summary>Publishes what happens, in its order, to the stream that applications in the cluster subscribe to.</summary>
/// <remarks>Each activation of the directory has its own, and calls it in its turns.</remarks>
/// <param name="services">Where the stream is found.</param>
/// <param name="logger">Told of events that could not be published.</param>
internal sealed partial class EventStream(IServiceProvider services, ILogger<EventStream> logger) : IEventStream
{
    private List<BrokerEvent> _waiting = [];
    private bool _isPublishing;

    /// <summary>Has a silo host the stream.</summary>
    public static void AddTo(ISiloBuilder silo)
    {
        silo.AddMemoryGrainStorage(ProviderConstants.DEFAULT_PUBSUB_PROVIDER_NAME);
        silo.AddMemoryStreams(BrokerEventStream.Provider, static streams =>
        {
            streams.ConfigurePartitioning(BrokerEventStream.Partitions);
            // Orleans asks for a stream's implicit subscriptions when the stream becomes active. By default that is until half an hour has passed without
            // an event, and a silo that joined meanwhile would hear nothing.
            streams.ConfigurePullingAgent(static agent => agent.Configure(static options => options.StreamInactivityPeriod = BrokerEventStream.Quiet));
        });
        silo.Services.AddTransient<IEventStream, EventStream>();
    }

    /// <inheritdoc/>
    public void Publish(BrokerEvent happened)
    {
        _waiting.Add(happened);
        if (!_isPublishing)
            _ = PublishWaitingAsync();
    }

    // What comes while a batch is under way is the next one.
    private async Task PublishWaitingAsync()
    {
        _isPublishing = true;
        while (_waiting.Count > 0)
        {
            List<BrokerEvent> batch = _waiting;
            _waiting = [];
            try
            {
                await services.GetRequiredKeyedService<IStreamProvider>(BrokerEventStream.Provider)
                    .GetStream<BrokerEvent>(StreamId.Create(BrokerEventStream.Namespace, BrokerEventStream.Key))
                    .OnNextBatchAsync(batch);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Lost(batch.Count, e.Message);
            }
        }
        _isPublishing = false;
    }

    [LoggerMessage(6090, LogLevel.Warning, "{Count} events could not be published to the event stream and are lost to its subscribers: {Cause}")]
    private partial void Lost(int count, string cause);
}
