using System.Net;
using System.Net.Sockets;
using Broker.Gateway.Cluster;
using Broker.Policies;
using Broker.Protocol.Lookup;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broker.Gateway.Announcing;

/// <summary>
/// Registers this broker with the lookup services that it was told of. A name is resolved again before every new attempt to connect
/// and every minute, and stands for all of its addresses. One that was never resolved is asked for again as soon as a service would be
/// that cannot be reached: what starts together is not known at once.
/// </summary>
public sealed class LookupAnnouncer : IHostedLifecycleService
{
    private static readonly TimeSpan ResolvePeriod = TimeSpan.FromSeconds(60);

    // Nothing that is left to do is worth more of a stop.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly Lock _sync = new();
    private readonly BrokerTopology _topology;
    private readonly BrokerIdentity _identity;
    private readonly INameResolver _resolver;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<LookupAnnouncer> _logger;
    private readonly WakeUp _wake = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _resolvedOnce = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<IPEndPoint, LookupLink> _links = [];
    private readonly Dictionary<string, IPEndPoint[]> _resolved = new(StringComparer.Ordinal);
    private readonly List<Task> _running = [];
    private readonly HashSet<string> _withdrawn = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _addresses;
    private TaskCompletionSource? _resolving;

    /// <param name="topology">What there is to announce.</param>
    /// <param name="identity">Who announces it.</param>
    /// <param name="resolver">Finds the addresses behind names.</param>
    /// <param name="options">Names the lookup services at the start.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public LookupAnnouncer(
        BrokerTopology topology,
        BrokerIdentity identity,
        INameResolver resolver,
        IOptions<GatewayOptions> options,
        TimeProvider time,
        ILogger<LookupAnnouncer> logger)
    {
        _topology = topology;
        _identity = identity;
        _resolver = resolver;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _addresses = [.. options.Value.LookupdTcpAddresses];
        topology.Subscribe(Notify);
    }

    /// <summary>host:port of each lookup service, as the operator wrote them.</summary>
    public IReadOnlyList<string> Addresses
    {
        get
        {
            lock (_sync)
                return _addresses;
        }
    }

    /// <summary>What the services that are connected say of themselves.</summary>
    internal IReadOnlyList<PeerInfo> Services
    {
        get
        {
            lock (_sync)
                return [.. _links.Values.Select(link => link.Service).OfType<PeerInfo>()];
        }
    }

    /// <summary>
    /// Registers with these lookup services from now on, and leaves those that are not among them. What is no host:port is told in the
    /// log and left out.
    /// </summary>
    public void SetAddresses(IReadOnlyList<string> addresses)
    {
        lock (_sync)
            _addresses = [.. addresses];
        _wake.Set();
    }

    /// <summary>Announces a topic and its channels no more, though they are there, until <see cref="Restore"/>.</summary>
    public void Withdraw(string topic)
    {
        lock (_sync)
            _withdrawn.Add(topic);
        Notify(topic);
    }

    /// <summary>Announces a topic again that was withdrawn.</summary>
    public void Restore(string topic)
    {
        lock (_sync)
        {
            if (!_withdrawn.Remove(topic))
                return;
        }
        Notify(topic);
    }

    /// <summary>Names of a topic's channels as they are to be announced; null when there is nothing to announce.</summary>
    internal IReadOnlyList<string>? FindChannels(string topic)
    {
        lock (_sync)
        {
            if (_withdrawn.Contains(topic))
                return null;
        }
        return _topology.FindChannels(topic);
    }

    /// <summary>Begins to register: the ports are known by now.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
            _running.Add(RunAsync(_stopping.Token));
        return Task.CompletedTask;
    }

    /// <summary>Ends all connections; the services notice that.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        LookupLink[] links;
        Task[] running;
        lock (_sync)
        {
            links = [.. _links.Values];
            running = [.. _running];
        }
        foreach (LookupLink link in links)
            link.Stop();
        try
        {
            await Task.WhenAll(running).WaitAsync(Farewell, _time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            _logger.LookupsNotLeft(running.Count(static task => !task.IsCompleted), Farewell);
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Ends when every service was tried once: who asks before knows less than could be known.</summary>
    internal async Task WhenTriedAsync()
    {
        if (Addresses.Count == 0)
            return;
        await _resolvedOnce.Task;
        Task[] attempts;
        lock (_sync)
            attempts = [.. _links.Values.Select(link => link.FirstAttempt)];
        await Task.WhenAll(attempts);
    }

    private void Notify(string topic)
    {
        lock (_sync)
        {
            foreach (LookupLink link in _links.Values)
                link.Notify(topic);
        }
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await using ITimer period = _time.CreateTimer(_ => _wake.Set(), null, ResolvePeriod, ResolvePeriod);
            await using ITimer retry = _time.CreateTimer(_ => _wake.Set(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            TimeSpan pause = LookupLink.FirstPause;
            while (true)
            {
                TaskCompletionSource? asked;
                lock (_sync)
                {
                    asked = _resolving;
                    _resolving = null;
                }
                try
                {
                    await ResolveAllAsync(cancellation);
                }
                finally
                {
                    asked?.TrySetResult();
                }
                _resolvedOnce.TrySetResult();
                bool isUnknown = Addresses.Any(address => LookupAddress.TryParse(address) is not null && !_resolved.ContainsKey(address));
                retry.Change(isUnknown ? pause : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                pause = isUnknown ? LookupLink.Lengthen(pause) : LookupLink.FirstPause;
                await _wake.WaitAsync(cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            _resolvedOnce.TrySetResult();
            lock (_sync)
                _resolving?.TrySetResult();
        }
    }

    /// <summary>Ends when all names were resolved once more.</summary>
    private Task ResolveAgainAsync()
    {
        Task resolved;
        lock (_sync)
        {
            if (_stopping.IsCancellationRequested)
                return Task.CompletedTask;
            _resolving ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            resolved = _resolving.Task;
        }
        _wake.Set();
        return resolved;
    }

    private async Task ResolveAllAsync(CancellationToken cancellation)
    {
        HashSet<IPEndPoint> wanted = [];
        foreach (string address in Addresses.Distinct())
        {
            foreach (IPEndPoint endPoint in await ResolveAsync(address, cancellation))
                wanted.Add(endPoint);
        }
        List<LookupLink> left = [];
        lock (_sync)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach ((IPEndPoint endPoint, LookupLink link) in _links)
            {
                if (wanted.Contains(endPoint))
                    continue;
                _links.Remove(endPoint);
                left.Add(link);
            }
            _running.RemoveAll(static task => task.IsCompletedSuccessfully);
            foreach (IPEndPoint endPoint in wanted)
            {
                if (_links.ContainsKey(endPoint))
                    continue;
                LookupLink link = new(endPoint, _topology, FindChannels, _identity, ResolveAgainAsync, _options.MaxBodySize, _time, _logger);
                _links.Add(endPoint, link);
                _running.Add(Task.Run(link.RunAsync, CancellationToken.None));
            }
        }
        foreach (LookupLink link in left)
            link.Stop();
    }

    // A name that cannot be resolved just now still means those that it meant before.
    private async Task<IPEndPoint[]> ResolveAsync(string address, CancellationToken cancellation)
    {
        if (LookupAddress.TryParse(address) is not { } parsed)
        {
            _logger.LookupAddressUnusable(address);
            return [];
        }
        try
        {
            IReadOnlyList<IPAddress> found = await _resolver.ResolveAsync(parsed.Host, cancellation);
            return _resolved[address] = [.. found.Select(ip => new IPEndPoint(ip, parsed.Port))];
        }
        catch (SocketException e)
        {
            _logger.LookupUnresolved(address, e.Message);
            return _resolved.GetValueOrDefault(address) ?? [];
        }
    }
}
