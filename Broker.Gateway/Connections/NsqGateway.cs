using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Broker.Gateway.Events;
using Broker.Gateway.Consuming;
using Broker.Gateway.Limits;
using Broker.Gateway.Publishing;
using Broker.Gateway.Security;
using Broker.Gateway.Telemetry;
using Broker.Gateway.Timing;
using Broker.Gateways;
using Broker.Policies;
using Broker.Serving.Hosting;
using Broker.Serving.Limits;
using Broker.Telemetry;
using Broker.Topics;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;

namespace Broker.Gateway.Connections;

/// <summary>
/// The front end that NSQ clients connect to: knows the connections, and the one publisher per topic and the one link per
/// channel in which they meet. It knows grains by their interfaces only.
/// </summary>
public sealed class NsqGateway : IHostedLifecycleService, IDisposable
{
    // Who does not end by itself when the gateway stops is cut off after this.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Lock _sync = new();
    private readonly ConcurrentDictionary<int, NsqConnection> _connections = new();
    private readonly GatewayServices _services;
    private readonly TelemetryOptions _telemetry;
    private readonly IListeners? _listeners;
    private readonly Admission _admission;
    private TaskCompletionSource? _empty;
    private long _goneReceived;
    private long _goneSent;
    private long _accepted;
    private int _nextNumber;
    private volatile bool _draining;
    private volatile bool _stopping;

    /// <param name="grains">Where grains are found.</param>
    /// <param name="options">Limits and addresses.</param>
    /// <param name="tls">The server's side of TLS.</param>
    /// <param name="access">Who knows the clients.</param>
    /// <param name="refusals">Counts what is refused.</param>
    /// <param name="metrics">Told what is measured.</param>
    /// <param name="telemetry">How long clients are served yet when the gateway is told to stop.</param>
    /// <param name="traces">Traces messages.</param>
    /// <param name="events">Passes on what the directory tells.</param>
    /// <param name="hosted">The topics of this process.</param>
    /// <param name="locals">Where channels of this process find this gateway.</param>
    /// <param name="time">The clock of all timeouts.</param>
    /// <param name="logger">The log.</param>
    /// <param name="listeners">Where clients come from; null when somebody else has them come no more.</param>
    public NsqGateway(
        IGrainFactory grains,
        IOptions<GatewayOptions> options,
        TlsServer tls,
        AccessControl access,
        Refusals refusals,
        GatewayMetrics metrics,
        TelemetryOptions telemetry,
        MessageTraces traces,
        EventFeed events,
        IHostedTopics hosted,
        LocalGateways locals,
        TimeProvider time,
        ILogger<NsqGateway> logger,
        IListeners? listeners = null)
    {
        Grains = grains;
        Options = options.Value;
        Refusals = refusals;
        _telemetry = telemetry;
        _listeners = listeners;
        LimitOptions limits = Options.Limits;
        _admission = new Admission(
            limits.MaxConnections,
            limits.MaxConnectionsPerAddress,
            RefusalReason.TooManyConnections,
            RefusalReason.TooManyConnectionsOfAddress,
            refusals);
        TimerWheel wheel = new(time, logger);
        _services = new GatewayServices(
            Options,
            new TopicPublishers(grains, hosted, Options, metrics, wheel, time, logger),
            new ChannelLinks(Id, grains, locals, Options, events, wheel, time, logger),
            tls,
            access.Authenticator,
            refusals,
            new ByteBudget(limits.MaxBytesInFlight),
            new MemoryPressure(
                limits.MemoryLimit, wheel, time, static () => Environment.WorkingSet, static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive)),
            metrics,
            traces,
            wheel,
            time,
            logger);
        metrics.Observe(() => ConnectionCount, () => Interlocked.Read(ref _accepted), ReadTraffic);
    }

    /// <summary>The gateway's id, unique to each start.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N");

    /// <summary>What each connection knows of itself, ordered by number.</summary>
    public IReadOnlyList<ConnectionSnapshot> Connections =>
        [.. _connections.Values.OrderBy(static connection => connection.Number).Select(static connection => connection.ToSnapshot())];

    /// <summary>Address and port of the client with this connection number; null when it is gone.</summary>
    public string? FindRemoteEndPoint(int number) => _connections.GetValueOrDefault(number)?.RemoteEndPoint;

    /// <summary>Number of connections.</summary>
    public int ConnectionCount => _connections.Count;

    /// <summary>Whether it has been told to stop: who looks for a broker is to look for another.</summary>
    public bool IsStopping => _draining;

    /// <summary>What was refused to clients.</summary>
    public Refusals Refusals { get; }

    /// <summary>A consumer by its number, which is its connection's; null when there is none.</summary>
    internal Consumer? FindConsumer(int number) => _services.Links.FindConsumer(number);

    internal ByteBudget BytesInFlight => _services.BytesInFlight;

    internal MemoryPressure Memory => _services.Memory;

    /// <summary>The reference that channels and the directory call.</summary>
    internal IGatewayObserver Observer => _services.Links.Observer;

    internal IGrainFactory Grains { get; }

    internal GatewayOptions Options { get; }

    /// <summary>Closes the connections of all clients, without an error frame; later ones are refused.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _draining = true;
        if (_telemetry.ShutdownDelay > TimeSpan.Zero)
        {
            // Whoever sends clients here is to hear first that they should go elsewhere.
            _services.Logger.Draining(Id, _telemetry.ShutdownDelay);
            await Task.Delay(_telemetry.ShutdownDelay, _services.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        // Whoever is closed and connects again at once is to be refused, not accepted and closed again.
        if (_listeners is not null)
            await _listeners.UnbindAsync();
        _stopping = true;
        _services.Logger.Stopping(Id, _connections.Count);
        _services.BytesInFlight.Open();
        _services.Memory.Open();
        foreach (NsqConnection connection in _connections.Values)
            connection.Close();
    }

    /// <summary>Waits until the connections have ended and all publishes are answered.</summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (!_stopping)
            await StoppingAsync(cancellationToken);
        try
        {
            await EndConnectionsAsync(cancellationToken);
            await _services.Publishers.DrainAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _services.Logger.StoppedUndrained();
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        _services.Wheel.Dispose();
        _services.Links.Dispose();
    }

    /// <summary>
    /// A silo has gone: the channels that it had are elsewhere, and hear from this gateway at once what is in flight, instead of at the next sign of
    /// life.
    /// </summary>
    public void KnockAtChannels() => _services.Links.Knock();

    internal async Task ServeAsync(ConnectionContext context)
    {
        IPAddress? address = (context.RemoteEndPoint as IPEndPoint)?.Address;
        if (!_admission.TryEnter(address))
        {
            context.Abort();
            return;
        }
        Interlocked.Increment(ref _accepted);
        NsqConnection connection = new(_services, context, Interlocked.Increment(ref _nextNumber));
        _connections.TryAdd(connection.Number, connection);
        if (_stopping)
            connection.Close();
        string remote = connection.RemoteEndPoint.Length > 0 ? connection.RemoteEndPoint : "a unix socket";
        _services.Logger.Connected(remote);
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            _services.Logger.Disconnected(remote);
            _admission.Leave(address);
            Remove(connection);
            if (_stopping && _connections.IsEmpty)
            {
                lock (_sync)
                    _empty?.TrySetResult();
            }
        }
    }

    internal TopicPublisher FindPublisher(ReadOnlySpan<byte> topic) => _services.Publishers.Find(topic);

    /// <summary>A topic was deleted.</summary>
    internal void Forget(string topic) => _services.Publishers.Forget(topic);

    /// <summary>Bytes of all connections, those that are gone included.</summary>
    internal (long Received, long Sent) ReadTraffic()
    {
        lock (_sync)
        {
            (long received, long sent) = (_goneReceived, _goneSent);
            foreach ((_, NsqConnection connection) in _connections)
            {
                received += connection.ReceivedBytes;
                sent += connection.Output.SentBytes;
            }
            return (received, sent);
        }
    }

    /// <summary>Waits until the connections have ended, and cuts off those that wait for a client that does not read.</summary>
    private async Task EndConnectionsAsync(CancellationToken cancellation)
    {
        try
        {
            await WhenEmpty().WaitAsync(Farewell, _services.Time, cancellation);
        }
        catch (TimeoutException)
        {
            NsqConnection[] left = [.. _connections.Values];
            _services.Logger.ConnectionsCutOff(left.Length, Farewell, left.FirstOrDefault()?.RemoteEndPoint ?? "");
            foreach (NsqConnection connection in left)
                connection.Abort();
            await WhenEmpty().WaitAsync(cancellation);
        }
    }

    // Under the lock, so that no sum counts its bytes twice or not at all.
    private void Remove(NsqConnection connection)
    {
        lock (_sync)
        {
            _connections.TryRemove(connection.Number, out _);
            _goneReceived += connection.ReceivedBytes;
            _goneSent += connection.Output.SentBytes;
        }
    }

    private Task WhenEmpty()
    {
        lock (_sync)
        {
            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_connections.IsEmpty)
                _empty.TrySetResult();
            return _empty.Task;
        }
    }
}
