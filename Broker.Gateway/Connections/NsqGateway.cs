using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Broker.Gateway.Telemetry;
using Broker.Gateways;
using Broker.Policies;
using Broker.Serving.Limits;
using Broker.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;

namespace Broker.Gateway;

/// <summary>
/// The front end that NSQ clients connect to: knows the connections, and the one publisher per topic and the one link per
/// channel in which they meet. It knows grains by their interfaces only.
/// </summary>
public sealed class NsqGateway : IHostedLifecycleService, IDisposable
{
    private readonly Lock _sync = new();
    private readonly ConcurrentDictionary<int, NsqConnection> _connections = new();
    private readonly ConcurrentDictionary<int, Consumer> _consumers = new();
    private readonly Dictionary<string, TopicPublisher> _publishers = new(StringComparer.Ordinal);
    private readonly Dictionary<(string ChannelKey, long Incarnation), ChannelLink> _links = [];
    private readonly GatewayObserver _observer;
    private readonly Housekeeping _housekeeping;
    private readonly Admission _admission;
    private IGatewayObserver? _observerReference;
    private TaskCompletionSource? _empty;
    private long _nextPublisher;
    private long _goneReceived;
    private long _goneSent;
    private long _accepted;
    private int _nextNumber;
    private readonly TelemetryOptions _telemetry;
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
    /// <param name="time">The clock of all timeouts.</param>
    /// <param name="logger">The log.</param>
    public NsqGateway(
        IGrainFactory grains,
        IOptions<GatewayOptions> options,
        TlsServer tls,
        AccessControl access,
        Refusals refusals,
        GatewayMetrics metrics,
        TelemetryOptions telemetry,
        MessageTraces traces,
        TimeProvider time,
        ILogger<NsqGateway> logger)
    {
        Metrics = metrics;
        _telemetry = telemetry;
        Traces = traces;
        Grains = grains;
        Options = options.Value;
        Time = time;
        Logger = logger;
        Tls = tls;
        Authenticator = access.Authenticator;
        Refusals = refusals;
        Wheel = new TimerWheel(time, logger);
        LimitOptions limits = Options.Limits;
        _admission = new Admission(
            limits.MaxConnections,
            limits.MaxConnectionsPerAddress,
            RefusalReason.TooManyConnections,
            RefusalReason.TooManyConnectionsOfAddress,
            refusals);
        BytesInFlight = new ByteBudget(limits.MaxBytesInFlight);
        Memory = new MemoryPressure(
            limits.MemoryLimit, Wheel, time, static () => Environment.WorkingSet, static () => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive));
        _observer = new GatewayObserver(this);
        _housekeeping = new Housekeeping(this);
        metrics.Observe(this);
        // Whatever is remembered of an earlier start, the numbers of this one are new.
        _nextPublisher = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long))) & (long.MaxValue >> 1);
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

    /// <summary>Connections that were let in since the start.</summary>
    internal long AcceptedConnections => Interlocked.Read(ref _accepted);

    internal GatewayMetrics Metrics { get; }

    internal MessageTraces Traces { get; }

    internal TlsServer Tls { get; }

    /// <summary>Who knows the clients; null where they need not log in.</summary>
    internal IAuthenticator? Authenticator { get; }

    internal ByteBudget BytesInFlight { get; }

    internal MemoryPressure Memory { get; }

    internal IGrainFactory Grains { get; }

    internal GatewayOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    internal TimerWheel Wheel { get; }

    /// <summary>The reference that channels call; made when the first consumer comes.</summary>
    internal IGatewayObserver Observer
    {
        get
        {
            lock (_sync)
                return _observerReference ??= Grains.CreateObjectReference<IGatewayObserver>(_observer);
        }
    }

    /// <summary>Closes the connections of all clients, without an error frame; later ones are refused.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _draining = true;
        if (_telemetry.ShutdownDelay > TimeSpan.Zero)
        {
            // Whoever sends clients here is to hear first that they should go elsewhere.
            Logger.Draining(Id, _telemetry.ShutdownDelay);
            await Task.Delay(_telemetry.ShutdownDelay, Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        _stopping = true;
        Logger.Stopping(Id, _connections.Count);
        BytesInFlight.Open();
        Memory.Open();
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
            await WhenEmpty().WaitAsync(cancellationToken);
            TopicPublisher[] publishers;
            lock (_sync)
                publishers = [.. _publishers.Values];
            foreach (TopicPublisher publisher in publishers)
                await publisher.DrainAsync().WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Logger.StoppedUndrained();
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        Wheel.Dispose();
        lock (_sync)
        {
            if (_observerReference is not null)
                Grains.DeleteObjectReference<IGatewayObserver>(_observerReference);
            _observerReference = null;
        }
    }

    /// <summary>
    /// A silo has gone: the channels that it had are elsewhere, and hear from this gateway at once what is in flight, instead of at the next sign of
    /// life.
    /// </summary>
    public void KnockAtChannels()
    {
        ChannelLink[] links;
        lock (_sync)
            links = [.. _links.Values];
        foreach (ChannelLink link in links)
            link.Knock();
    }

    internal async Task ServeAsync(ConnectionContext context)
    {
        IPAddress? address = (context.RemoteEndPoint as IPEndPoint)?.Address;
        if (!_admission.TryEnter(address))
        {
            context.Abort();
            return;
        }
        Interlocked.Increment(ref _accepted);
        NsqConnection connection = new(this, context, Interlocked.Increment(ref _nextNumber));
        _connections.TryAdd(connection.Number, connection);
        if (_stopping)
            connection.Close();
        try
        {
            await connection.RunAsync();
        }
        finally
        {
            _admission.Leave(address);
            Remove(connection);
            if (_stopping && _connections.IsEmpty)
            {
                lock (_sync)
                    _empty?.TrySetResult();
            }
        }
    }

    internal TopicPublisher FindPublisher(ReadOnlySpan<byte> topic)
    {
        Span<char> name = stackalloc char[topic.Length];
        System.Text.Encoding.ASCII.GetChars(topic, name);
        lock (_sync)
        {
            if (!_publishers.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out TopicPublisher? publisher))
            {
                publisher = new TopicPublisher(name.ToString(), Grains, ++_nextPublisher, Options, Metrics, Time, Logger);
                _publishers.Add(publisher.Topic, publisher);
                _housekeeping.Schedule();
            }
            publisher.Use();
            return publisher;
        }
    }

    /// <summary>A topic was deleted.</summary>
    internal void Forget(string topic)
    {
        lock (_sync)
            _publishers.GetValueOrDefault(topic)?.Forget();
    }

    internal ChannelLink LinkTo(string channelKey, long incarnation)
    {
        lock (_sync)
        {
            if (!_links.TryGetValue((channelKey, incarnation), out ChannelLink? link))
            {
                link = new ChannelLink(this, channelKey, incarnation);
                _links.Add((channelKey, incarnation), link);
                _housekeeping.Schedule();
            }
            link.Use();
            return link;
        }
    }

    internal ChannelLink? FindLink(string channelKey, long incarnation)
    {
        lock (_sync)
            return _links.GetValueOrDefault((channelKey, incarnation));
    }

    internal void Remove(ChannelLink link)
    {
        lock (_sync)
            _links.Remove((link.ChannelKey, link.Incarnation));
    }

    internal Consumer? FindConsumer(int number) => _consumers.GetValueOrDefault(number);

    internal void Add(Consumer consumer) => _consumers[consumer.Number] = consumer;

    internal void Remove(Consumer consumer) => _consumers.TryRemove(consumer.Number, out _);

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

    /// <summary>Lets go of publishers and links that nobody uses any more.</summary>
    private sealed class Housekeeping(NsqGateway gateway) : WheelEntry
    {
        private const long Interval = 30_000;

        private static readonly TimeSpan PublisherAge = TimeSpan.FromMinutes(10);

        // Who deletes topics by the thousand, or publishes where none can be made, is not to fill the memory with their names.
        private static readonly TimeSpan UnknownAge = TimeSpan.FromSeconds(30);

        // Longer than a channel remembers a gateway that it hears nothing of (QueueOptions.GatewayTimeout), and with it the
        // last batch number: a new link counts from 1.
        private static readonly TimeSpan LinkAge = TimeSpan.FromMinutes(1);

        public void Schedule()
        {
            if (!IsLinked)
                gateway.Wheel.Schedule(this, Interval, coarse: true);
        }

        protected internal override void OnDue()
        {
            lock (gateway._sync)
            {
                foreach (TopicPublisher publisher in gateway._publishers.Values)
                {
                    if (publisher.IsUnusedFor(publisher.IsTopicKnown ? PublisherAge : UnknownAge))
                    {
                        publisher.IsRetired = true;
                        gateway._publishers.Remove(publisher.Topic);
                    }
                }
                foreach (((string, long) key, ChannelLink link) in gateway._links)
                {
                    if (link.IsUnusedFor(LinkAge))
                        gateway._links.Remove(key);
                }
                if (gateway._publishers.Count + gateway._links.Count > 0)
                    Schedule();
            }
        }
    }
}
