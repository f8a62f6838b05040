using System.Collections.Concurrent;
using Broker.Protocol;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using IdentifyRequest = Broker.Protocol.Client.IdentifyRequest;

namespace Broker.Client;

/// <summary>
/// Publishes messages over one connection, which is made at the first publish and again whenever it is needed. Members may be
/// called from any number of threads at once: what they publish leaves together, without waiting for each other's answers.
/// </summary>
/// <example>
/// <code>
/// await using NsqProducer producer = new(new() { Addresses = { "127.0.0.1:4150" } });
/// await producer.PublishAsync("orders", body);
/// </code>
/// </example>
public sealed class NsqProducer : INsqProducer, IAsyncDisposable, IDisposable
{
    private static readonly IdentifyRequest Request = new();

    private readonly NsqProducerOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly NsqAddress[] _addresses;
    private readonly Random _random = new();
    private readonly ConcurrentQueue<PublishOperation> _spare = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ITimer _deadline;
    private readonly Lock _gate = new();
    private readonly Queue<PublishOperation> _sent = [];
    private Queue<PublishOperation> _waiting = [];
    private ProducerConnection? _connection;
    private Task _connecting = Task.CompletedTask;
    private bool _isConnecting;
    private bool _watches;
    private int _next;
    private NsqException? _lastFailure;
    private TaskCompletionSource? _idle;
    private Task? _stopped;

    /// <summary>Makes a producer that is not connected yet.</summary>
    /// <param name="options">Where to publish, and how. Later changes have no effect on most of it and should not be made.</param>
    /// <param name="logger">Where to log; null for nowhere.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <exception cref="ArgumentException">An option is missing or out of its range; the message names it.</exception>
    public NsqProducer(NsqProducerOptions options, ILogger<NsqProducer>? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _logger = logger ?? NullLogger<NsqProducer>.Instance;
        _time = time ?? TimeProvider.System;
        _addresses = [.. options.Addresses.Select(NsqAddress.Parse)];
        _deadline = _time.CreateTimer(static producer => ((NsqProducer)producer!).FailOverdue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The server that the producer is connected to now, as host:port; null for none.</summary>
    public string? ConnectedTo
    {
        get
        {
            lock (_gate) return _connection?.Wire.Address.ToString();
        }
    }

    /// <inheritdoc/>
    public ValueTask PublishAsync(string topic, ReadOnlyMemory<byte> body, CancellationToken cancellation = default)
    {
        CheckTopic(topic);
        CheckBody(body, nameof(body));
        return Submit(PublishKind.One, topic, body, [], TimeSpan.Zero, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask PublishAsync(string topic, IReadOnlyList<ReadOnlyMemory<byte>> bodies, CancellationToken cancellation = default)
    {
        CheckTopic(topic);
        ArgumentNullException.ThrowIfNull(bodies);
        if (bodies.Count == 0) throw new ArgumentException("there is nothing to publish", nameof(bodies));
        foreach (ReadOnlyMemory<byte> body in bodies) CheckBody(body, nameof(bodies));
        return Submit(PublishKind.Many, topic, default, bodies as ReadOnlyMemory<byte>[] ?? [.. bodies], TimeSpan.Zero, cancellation);
    }

    /// <inheritdoc/>
    public ValueTask PublishDeferredAsync(string topic, ReadOnlyMemory<byte> body, TimeSpan delay, CancellationToken cancellation = default)
    {
        CheckTopic(topic);
        CheckBody(body, nameof(body));
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return Submit(PublishKind.Deferred, topic, body, [], delay, cancellation);
    }

    /// <summary>Makes sure that there is a connection. Publishing does so by itself; this tells early whether it can.</summary>
    /// <param name="cancellation">Stops waiting.</param>
    /// <exception cref="NsqServerException">The server refused, and says why.</exception>
    /// <exception cref="NsqConnectionException">No server could be reached within <see cref="NsqProducerOptions.PublishTimeout"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The producer was stopped.</exception>
    public ValueTask PingAsync(CancellationToken cancellation = default) =>
        Submit(PublishKind.Ping, "", default, [], TimeSpan.Zero, cancellation);

    /// <summary>
    /// Stops: nothing more can be published, what is under way is waited for (at most
    /// <see cref="NsqProducerOptions.PublishTimeout"/>, when it fails), and the connection is closed. May be called again.
    /// </summary>
    /// <param name="cancellation">Cuts the waiting short: what is under way fails then.</param>
    public Task StopAsync(CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            return _stopped ??= StopOnceAsync(cancellation);
        }
    }

    /// <summary>The same as <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    /// <summary>
    /// Closes without waiting: what is under way fails. For containers that cannot await; <see cref="StopAsync"/> and
    /// <see cref="DisposeAsync"/> are the ways to prefer.
    /// </summary>
    public void Dispose() => _ = StopAsync(new CancellationToken(canceled: true));

    internal void Return(PublishOperation operation)
    {
        if (_spare.Count < _options.MaxOutstanding) _spare.Enqueue(operation);
    }

    internal void Measure(string topic, int count, long begun, Exception? failure)
    {
        if (ClientTelemetry.MeasuresPublishing) ClientTelemetry.Published(topic, count, _time.GetElapsedTime(begun), failure);
    }

    /// <summary>The oldest publish was answered.</summary>
    internal void OnAnswer(ProducerConnection connection, NsqServerException? error)
    {
        PublishOperation? answered;
        lock (_gate)
        {
            // A connection that was given up has its publishes taken from it.
            if (_connection != connection) return;
            if (!_sent.TryDequeue(out answered))
            {
                connection.Wire.Abort(new NsqConnectionException($"{connection.Wire.Address} answered what nobody asked", error));
                return;
            }
            if (error is { IsFatal: true }) Detach(connection, connection.Wire.Address);
            else SendWaiting();
        }
        answered.Complete(error);
        answered.Release();
        // The server closes now; the rest is published over another connection.
        if (error is { IsFatal: true }) connection.Wire.Abort(error);
    }

    internal void OnClosed(ProducerConnection connection, NsqException? reason)
    {
        lock (_gate)
        {
            if (_connection != connection) return;
            _lastFailure = reason;
            ClientLog.ConnectionLost(_logger, connection.Wire.Address, reason?.Message ?? "closed");
            Detach(connection, next: null);
        }
    }

    private static void CheckTopic(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        if (!NsqName.IsValid(topic)) throw new ArgumentException($"\"{topic}\" is no valid topic name", nameof(topic));
    }

    private static void CheckBody(ReadOnlyMemory<byte> body, string name)
    {
        if (body.IsEmpty) throw new ArgumentException("NSQ takes no empty messages", name);
    }

    private ValueTask Submit(
        PublishKind kind, string topic, ReadOnlyMemory<byte> body, ReadOnlyMemory<byte>[] bodies, TimeSpan delay, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(_stopped is not null, this);
        if (!_spare.TryDequeue(out PublishOperation? operation)) operation = new PublishOperation(this);
        operation.Begin(kind, topic, body, bodies, delay, _time.GetTimestamp());
        ValueTask task = operation.Task;
        // Before it can be answered: an answer may end the operation's use at once.
        operation.CancelWith(cancellation);
        lock (_gate)
        {
            if (_stopped is null)
            {
                _waiting.Enqueue(operation);
                SendWaiting();
                Watch();
                return task;
            }
        }
        operation.Complete(new ObjectDisposedException(nameof(NsqProducer)));
        operation.Release();
        return task;
    }

    /// <summary>Sends what may be sent, or sees to a connection. Under the lock.</summary>
    private void SendWaiting()
    {
        while (_sent.Count < _options.MaxOutstanding && _waiting.TryPeek(out PublishOperation? operation))
        {
            if (operation.IsCompleted)
            {
                _waiting.Dequeue();
                operation.Release();
                continue;
            }
            if (_connection is null)
            {
                StartConnecting();
                return;
            }
            _waiting.Dequeue();
            operation.WriteTo(_connection.Wire);
            if (operation.Kind == PublishKind.Ping)
            {
                operation.Complete(null);
                operation.Release();
                continue;
            }
            operation.WasSent = true;
            _sent.Enqueue(operation);
        }
        CheckIdle();
    }

    /// <summary>Takes a connection out of use, and back what it has not answered. Under the lock.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="next">Where to connect to first; null for the address after this one.</param>
    private void Detach(ProducerConnection connection, NsqAddress? next)
    {
        _connection = null;
        _next = next is null
            ? (Array.IndexOf(_addresses, connection.Wire.Address) + 1) % _addresses.Length
            : Array.IndexOf(_addresses, next.Value);
        if (_sent.Count > 0)
        {
            Queue<PublishOperation> again = new(_sent.Count + _waiting.Count);
            while (_sent.TryDequeue(out PublishOperation? operation))
            {
                if (_options.ResendAfterConnectionLoss)
                {
                    again.Enqueue(operation);
                    continue;
                }
                operation.Complete(new NsqConnectionException(
                    $"the connection to {connection.Wire.Address} was lost before it answered: the message may or may not have been published",
                    _lastFailure,
                    mayHaveBeenPublished: true));
                operation.Release();
            }
            while (_waiting.TryDequeue(out PublishOperation? operation)) again.Enqueue(operation);
            _waiting = again;
        }
        SendWaiting();
    }

    private void StartConnecting()
    {
        if (_isConnecting) return;
        _isConnecting = true;
        _connecting = Task.Run(ConnectAsync);
    }

    private async Task ConnectAsync()
    {
        int rounds = 0;
        while (true)
        {
            try
            {
                if (await TryAllAsync().ConfigureAwait(false)) return;
                TimeSpan delay = DelayAfter(rounds++);
                lock (_gate)
                {
                    // Nobody waits any more: the next publish begins anew.
                    if (_waiting.Count == 0)
                    {
                        _isConnecting = false;
                        return;
                    }
                    ClientLog.Retrying(_logger, _lastFailure!.Message, delay);
                }
                await Task.Delay(delay, _time, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                lock (_gate) _isConnecting = false;
                return;
            }
        }
    }

    /// <summary>Tries each address once; true when there is a connection, or no sense in trying on.</summary>
    private async Task<bool> TryAllAsync()
    {
        bool allRefuse = true;
        for (int i = 0; i < _addresses.Length; i++)
        {
            NsqAddress address = _addresses[_next];
            try
            {
                NsqConnection wire = await NsqConnection.OpenAsync(address, _options, Request, _time, _logger, _stopping.Token).ConfigureAwait(false);
                ProducerConnection connection = new(this, wire);
                lock (_gate)
                {
                    _isConnecting = false;
                    _connection = connection;
                    wire.Start(connection);
                    ClientLog.Connected(_logger, address);
                    SendWaiting();
                }
                return true;
            }
            catch (NsqException e)
            {
                allRefuse &= e is NsqServerException;
                lock (_gate)
                {
                    _lastFailure = e;
                    _next = (_next + 1) % _addresses.Length;
                }
            }
        }
        if (!allRefuse) return false;
        lock (_gate)
        {
            // They answer, and say no: waiting changes nothing.
            _isConnecting = false;
            FailWaiting(_lastFailure!);
        }
        return true;
    }

    private TimeSpan DelayAfter(int rounds)
    {
        double doubled = _options.ReconnectDelay.TotalMilliseconds * Math.Pow(2, Math.Min(rounds, 30));
        double longest = Math.Min(doubled, _options.MaxReconnectDelay.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(longest * (0.5 + (0.5 * _random.NextDouble())));
    }

    /// <summary>Under the lock.</summary>
    private void FailWaiting(Exception failure)
    {
        while (_waiting.TryDequeue(out PublishOperation? operation))
        {
            operation.Complete(failure);
            operation.Release();
        }
        CheckIdle();
    }

    /// <summary>Sees to it that publishes which take too long fail. Under the lock.</summary>
    private void Watch()
    {
        if (_watches || (_sent.Count == 0 && _waiting.Count == 0)) return;
        _watches = true;
        _deadline.Change(_options.PublishTimeout, Timeout.InfiniteTimeSpan);
    }

    private void FailOverdue()
    {
        ProducerConnection? silent = null;
        lock (_gate)
        {
            TimeSpan left = _options.PublishTimeout;
            bool unanswered = _sent.TryPeek(out PublishOperation? oldest) && LeftOf(oldest) <= TimeSpan.Zero;
            if (unanswered)
            {
                // Answers come in order: what the oldest does not get, the others will not get either.
                silent = _connection;
                _lastFailure = new NsqConnectionException(
                    $"{silent?.Wire.Address} did not answer within {_options.PublishTimeout}", new TimeoutException());
                FailOverdue(_sent);
                if (silent is not null) Detach(silent, next: null);
            }
            FailOverdue(_waiting);
            if (_sent.TryPeek(out oldest)) left = LeftOf(oldest);
            if (_waiting.TryPeek(out oldest) && LeftOf(oldest) < left) left = LeftOf(oldest);
            _watches = _sent.Count > 0 || _waiting.Count > 0;
            if (_watches) _deadline.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            CheckIdle();
        }
        silent?.Wire.Abort(_lastFailure);
    }

    private void FailOverdue(Queue<PublishOperation> operations)
    {
        while (operations.TryPeek(out PublishOperation? operation) && LeftOf(operation) <= TimeSpan.Zero)
        {
            operations.Dequeue();
            string detail = _lastFailure is null ? "" : $": {_lastFailure.Message}";
            operation.Complete(new NsqConnectionException(
                $"not published within {_options.PublishTimeout}{detail}", _lastFailure, operation.WasSent));
            operation.Release();
        }
    }

    private TimeSpan LeftOf(PublishOperation operation) => _options.PublishTimeout - _time.GetElapsedTime(operation.Begun);

    /// <summary>Under the lock.</summary>
    private void CheckIdle()
    {
        if (_sent.Count == 0 && _waiting.Count == 0) _idle?.TrySetResult();
    }

    private async Task StopOnceAsync(CancellationToken cancellation)
    {
        // The caller holds the lock.
        _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        CheckIdle();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            await _idle.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                while (_sent.TryDequeue(out PublishOperation? operation)) _waiting.Enqueue(operation);
                FailWaiting(new NsqConnectionException("the producer was stopped before an answer came", null, mayHaveBeenPublished: true));
            }
        }
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _connecting.ConfigureAwait(false);
        ProducerConnection? connection;
        lock (_gate)
        {
            connection = _connection;
            _connection = null;
        }
        if (connection is not null)
        {
            // Every publish was answered, so nothing is on its way that a graceful close would have to wait for.
            connection.Wire.Abort(null);
            await connection.Wire.Ended.ConfigureAwait(false);
        }
        await _deadline.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }
}
