using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>Keeps a consumer connected to the servers it was told of and to those that lookup services name.</summary>
internal sealed class ServerDiscovery : IDisposable
{
    // A server that flaps must not have the lookup services asked in a loop.
    private static readonly TimeSpan MinLookupInterval = TimeSpan.FromMilliseconds(250);

    private readonly NsqConsumerOptions _options;
    private readonly Func<NsqAddress, CancellationToken, Task<ConsumerConnection>> _connect;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Random _random;
    private readonly LookupClient _lookup;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<NsqAddress, Task> _servers = [];
    private readonly HashSet<NsqAddress> _direct;
    private IReadOnlySet<NsqAddress> _found = new HashSet<NsqAddress>();
    private TaskCompletionSource _wanted = NewSignal();
    private Task _polling = Task.CompletedTask;

    public ServerDiscovery(
        NsqConsumerOptions options,
        Func<NsqAddress, CancellationToken, Task<ConsumerConnection>> connect,
        TimeProvider time,
        ILogger logger,
        Random random)
    {
        _options = options;
        _connect = connect;
        _time = time;
        _logger = logger;
        _random = random;
        _lookup = new LookupClient(options, time, logger);
        _direct = [.. options.Addresses.Select(NsqAddress.Parse)];
    }

    /// <summary>Connects; ends when each server that is known at first was tried once.</summary>
    public async Task StartAsync()
    {
        List<Task> attempts = [.. _direct.Select(Follow)];
        if (_options.LookupAddresses.Count > 0)
        {
            attempts.Add(await LookUpAsync().ConfigureAwait(false));
            _polling = PollAsync();
        }
        await Task.WhenAll(attempts).ConfigureAwait(false);
    }

    /// <summary>Connects to nothing any more. What is connected stays so.</summary>
    public void Stop() => _stopping.Cancel();

    /// <summary>Ends once stopped and nothing is connected any more.</summary>
    public async Task EndAsync()
    {
        await _polling.ConfigureAwait(false);
        Task[] servers;
        lock (_gate)
        {
            servers = [.. _servers.Values];
        }
        await Task.WhenAll(servers).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _lookup.Dispose();
        _stopping.Dispose();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task PollAsync()
    {
        try
        {
            await Task.Delay(_options.LookupInterval * (_options.LookupJitter * _random.NextDouble()), _time, _stopping.Token).ConfigureAwait(false);
            while (true)
            {
                await LookUpAsync().ConfigureAwait(false);
                await Task.Delay(Min(MinLookupInterval, _options.LookupInterval), _time, _stopping.Token).ConfigureAwait(false);
                using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                Task interval = Task.Delay(_options.LookupInterval, _time, either.Token);
                await Task.WhenAny(interval, _wanted.Task).ConfigureAwait(false);
                await either.CancelAsync().ConfigureAwait(false);
                _stopping.Token.ThrowIfCancellationRequested();
                Interlocked.Exchange(ref _wanted, NewSignal());
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped: there is nothing more to find.
        }
    }

    /// <summary>Asks, and follows what is new; the inner task ends when each new server was tried once.</summary>
    private async Task<Task> LookUpAsync()
    {
        try
        {
            // When no service answers, what was found before is still the best that is known.
            if (await _lookup.FindAsync(_stopping.Token).ConfigureAwait(false) is not { } found) return Task.CompletedTask;
            lock (_gate)
            {
                _found = found;
            }
            return Task.WhenAll(found.Select(Follow));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return Task.CompletedTask;
        }
    }

    /// <summary>Connects to a server, and again whenever the connection ends; the task ends with the first attempt.</summary>
    private Task Follow(NsqAddress address)
    {
        lock (_gate)
        {
            if (_servers.ContainsKey(address) || _stopping.IsCancellationRequested) return Task.CompletedTask;
            TaskCompletionSource tried = NewSignal();
            _servers.Add(address, FollowAsync(address, tried));
            return tried.Task;
        }
    }

    private async Task FollowAsync(NsqAddress address, TaskCompletionSource tried)
    {
        // Callers hold the lock.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            int failures = 0;
            do
            {
                string reason;
                try
                {
                    ConsumerConnection connection = await _connect(address, _stopping.Token).ConfigureAwait(false);
                    tried.TrySetResult();
                    failures = 0;
                    await connection.Ended.ConfigureAwait(false);
                    reason = connection.ClosedBecause?.Message ?? $"the connection to {address} was closed";
                    Volatile.Read(ref _wanted).TrySetResult();
                }
                catch (NsqException e)
                {
                    reason = e.Message;
                }
                if (_stopping.IsCancellationRequested) return;
                TimeSpan delay = DelayAfter(failures++);
                ClientLog.Retrying(_logger, reason, delay);
                Task pause = Task.Delay(delay, _time, _stopping.Token);
                tried.TrySetResult();
                await pause.ConfigureAwait(false);
            }
            while (IsStillWanted(address));
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Stopped between two connections.
        }
        finally
        {
            tried.TrySetResult();
        }
    }

    private bool IsStillWanted(NsqAddress address)
    {
        lock (_gate)
        {
            if (_direct.Contains(address) || _found.Contains(address)) return true;
            _servers.Remove(address);
            return false;
        }
    }

    private TimeSpan DelayAfter(int failures)
    {
        double doubled = _options.ReconnectDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30));
        double longest = Math.Min(doubled, _options.LookupInterval.TotalMilliseconds);
        // Between half and all of it, so that the consumers of a server that restarts do not all come at once.
        return TimeSpan.FromMilliseconds(longest * (0.5 + (0.5 * _random.NextDouble())));
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
