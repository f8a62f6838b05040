using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>A consumer that runs as long as the host.</summary>
internal sealed class ConsumerService(
    NsqConsumerOptions options, INsqMessageHandler handler, ILogger<NsqConsumer>? logger, TimeProvider? time) : IHostedService, IAsyncDisposable, IDisposable
{
    public NsqConsumer Consumer { get; } = new(options, logger, time);

    public string Name => $"{options.Topic}/{options.Channel}";

    public Task StartAsync(CancellationToken cancellationToken) => Consumer.StartAsync(handler, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Consumer.StopAsync(cancellationToken);

    public void Dispose() => Consumer.Dispose();

    public ValueTask DisposeAsync() => Consumer.DisposeAsync();
}
