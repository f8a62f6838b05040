using Broker.Gateway.Connections;
using Broker.Health;
using Broker.Silo.Settings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>The way of a gateway by itself into its cluster: waits for the first silo at the start, and knows whether there is one now.</summary>
/// <param name="settings">What the operator chose.</param>
/// <param name="services">Where the gateway is found, which is made after this.</param>
/// <param name="lifetime">Knows when the gateway stops.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told when silos come and go.</param>
internal sealed partial class ClusterConnection(
    BrokerSettings settings, IServiceProvider services, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<ClusterConnection> logger)
    : IClientConnectionRetryFilter, IClusterConnectionStatusObserver, IReadinessCheck
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private volatile bool _isLost;
    private volatile bool _isStarted;
    private bool _isTold;

    /// <inheritdoc/>
    public string Name => "cluster";

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken cancellation) => new(_isLost ? "no silo of the cluster can be reached" : null);

    /// <summary>No silo could be reached: the next try is due in a second. Whoever started the gateway decides how long that may go on.</summary>
    public async Task<bool> ShouldRetryConnectionAttempt(Exception exception, CancellationToken cancellationToken)
    {
        if (!_isTold)
            Waiting(exception.Message);
        _isTold = true;
        await Task.Delay(RetryDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !cancellationToken.IsCancellationRequested;
    }

    /// <inheritdoc/>
    public void NotifyGatewayCountChanged(int currentNumberOfGateways, int previousNumberOfGateways, bool connectionRecovered)
    {
        _isLost = currentNumberOfGateways == 0;
        SilosChanged(currentNumberOfGateways);
        // Where a silo has gone, its channels are elsewhere.
        if (currentNumberOfGateways < previousNumberOfGateways && _isStarted)
            ThreadPool.UnsafeQueueUserWorkItem(static gateway => gateway.KnockAtChannels(), services.GetRequiredService<NsqGateway>(), preferLocal: false);
        _isStarted = true;
    }

    /// <inheritdoc/>
    public void NotifyClusterConnectionLost()
    {
        _isLost = true;
        // At its own end the gateway leaves all silos.
        if (!lifetime.ApplicationStopping.IsCancellationRequested)
            Lost(settings.Cluster.ClusterId);
    }

    [LoggerMessage(6020, LogLevel.Warning, "waiting for a silo of the cluster: {Cause}")]
    private partial void Waiting(string cause);

    [LoggerMessage(6021, LogLevel.Information, "connected to {Count} silos of the cluster")]
    private partial void SilosChanged(int count);

    [LoggerMessage(6022, LogLevel.Error, "cluster {Id}: no silo can be reached; trying again until one can; see that silos run and that their gateway ports can be reached from here")]
    private partial void Lost(string id);
}
