using System.Diagnostics;
using System.Runtime.CompilerServices;
using Broker.Protocol.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Client;

/// <summary>
/// Receives the messages of a channel, from any number of servers, and keeps connected to them. Each message is delivered at
/// least once: now and then one comes again.
/// </summary>
/// <example>
/// <code>
/// await using NsqConsumer consumer = new(new() { Topic = "orders", Channel = "mail", Addresses = { "127.0.0.1:4150" } });
/// await consumer.StartAsync(async (message, cancellation) => await SendMailAsync(message.Body, cancellation));
/// </code>
/// </example>
public sealed class NsqConsumer : IAsyncDisposable, IDisposable
{
    // What handlers get to give up in, once they were told to.
    private static readonly TimeSpan CancelledHandlersTimeout = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly IdentifyRequest _request;
    private readonly ReceivedMessages _received = new();
    private readonly ServerDiscovery _discovery;
    private readonly CancellationTokenSource _handling = new();
    private readonly Lock _gate = new();
    private readonly ReadyShares _shares;
    private readonly Backoff _backoff;
    private readonly ITimer _pauseEnds;
    private readonly ITimer _rotation;
    private Task[] _workers = [];
    private bool _started;
    private Task? _stopped;
    private volatile bool _stopping;
    private volatile int _readers;
    private volatile bool _backsOff;

    /// <summary>Makes a consumer that is not connected yet.</summary>
    /// <param name="options">What to receive, and how. Later changes have no effect on most of it and should not be made.</param>
    /// <param name="logger">Where to log; null for nowhere.</param>
    /// <param name="time">The clock; null for the real one.</param>
    /// <exception cref="ArgumentException">An option is missing or out of its range; the message names it.</exception>
    public NsqConsumer(NsqConsumerOptions options, ILogger<NsqConsumer>? logger = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _logger = logger is null ? NullLogger.Instance : new ChannelLogger(logger, options.Topic, options.Channel);
        _time = time ?? TimeProvider.System;
        Random random = new();
        _shares = new ReadyShares(options, _time, random);
        _backoff = new Backoff(options, random);
        _discovery = new ServerDiscovery(options, ConnectAsync, _time, _logger, random);
        _pauseEnds = _time.CreateTimer(static consumer => ((NsqConsumer)consumer!).Resume(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _rotation = _time.CreateTimer(static consumer => ((NsqConsumer)consumer!).Rotate(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _request = new IdentifyRequest
        {
            SampleRate = options.SampleRate,
            MsgTimeout = (int?)options.MessageTimeout?.TotalMilliseconds,
            OutputBufferSize = options.OutputBufferSize,
            OutputBufferTimeout = (int?)options.OutputBufferTimeout?.TotalMilliseconds,
        };
    }

    /// <summary>Servers that the consumer is subscribed on now.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_gate) return _shares.Connections.Count;
        }
    }

    /// <summary>Messages that were received and are not answered yet.</summary>
    public int InFlight
    {
        get
        {
            lock (_gate) return _shares.Connections.Sum(connection => connection.InFlight);
        }
    }

    /// <summary>
    /// Whether a connection has nearly (85 %) as much in flight as it may: time to answer what a handler has been gathering.
    /// </summary>
    public bool IsStarved
    {
        get
        {
            lock (_gate) return _shares.Connections.Any(connection => connection.InFlight > 0 && connection.InFlight >= 0.85 * connection.Ready);
        }
    }

    /// <summary>Whether less is received than could be, after failures.</summary>
    public bool IsBackingOff => _backsOff;

    internal NsqConsumerOptions Options { get; }

    internal TimeProvider Time => _time;

    /// <summary>
    /// Connects and begins to receive. Ends when each known server was tried once; those that cannot be reached, or refuse, are
    /// logged and tried again until the consumer stops.
    /// </summary>
    /// <param name="handler">What to do with the messages. Called by up to <see cref="NsqConsumerOptions.Concurrency"/> at a time.</param>
    /// <param name="cancellation">Stops waiting for the first attempts; the consumer runs on.</param>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    /// <exception cref="ObjectDisposedException">It was stopped.</exception>
    public Task StartAsync(INsqMessageHandler handler, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        Begin();
        _workers = new Task[Options.Concurrency];
        for (int i = 0; i < _workers.Length; i++) _workers[i] = Task.Run(() => WorkAsync(handler), CancellationToken.None);
        return _discovery.StartAsync().WaitAsync(cancellation);
    }

    /// <summary>The same with a delegate.</summary>
    /// <param name="handler">What to do with a message; as <see cref="INsqMessageHandler.HandleAsync"/>.</param>
    /// <param name="giveUp">What to do with one that failed too often; as <see cref="INsqMessageHandler.GiveUpAsync"/>. Null for nothing.</param>
    /// <param name="cancellation">Stops waiting for the first attempts; the consumer runs on.</param>
    /// <inheritdoc cref="StartAsync(INsqMessageHandler, CancellationToken)" path="/exception"/>
    public Task StartAsync(
        Func<NsqMessage, CancellationToken, ValueTask> handler,
        Func<NsqMessage, CancellationToken, ValueTask>? giveUp = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return StartAsync(new DelegateHandler(handler, giveUp), cancellation);
    }

    /// <summary>
    /// Receives in a loop instead of a handler; starts the consumer. Asking for the next message finishes the one before,
    /// unless that was answered already or <see cref="NsqConsumerOptions.AutoRespond"/> is off; leaving the loop requeues the
    /// last one likewise. The loop ends when the consumer stops. Several loops at once share the messages. Those that were
    /// delivered more than <see cref="NsqConsumerOptions.MaxAttempts"/> times are finished, and logged, instead of being received.
    /// </summary>
    /// <param name="cancellation">Ends the loop with an <see cref="OperationCanceledException"/>.</param>
    public async IAsyncEnumerable<NsqMessage> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellation = default)
    {
        bool first;
        lock (_gate)
        {
            first = !_started;
            if (first) Begin();
            _readers++;
        }
        try
        {
            if (first) await _discovery.StartAsync().WaitAsync(cancellation).ConfigureAwait(false);
            while (await _received.WaitAsync(cancellation).ConfigureAwait(false))
            {
                while (_received.TryTake(out NsqMessage message))
                {
                    if (message.Connection.IsClosed) continue;
                    if (IsSpent(message))
                    {
                        ClientLog.GivenUp(_logger, message.Id, message.Attempts);
                        message.Finish();
                        continue;
                    }
                    bool handled = false;
                    try
                    {
                        yield return message;
                        handled = true;
                    }
                    finally
                    {
                        if (Options.AutoRespond && !message.IsAnswered)
                        {
                            if (handled) message.Finish();
                            else message.Requeue(TimeSpan.Zero);
                        }
                    }
                }
            }
        }
        finally
        {
            bool last;
            lock (_gate) last = --_readers == 0;
            if (last && _stopping) RequeueReceived();
        }
    }

    /// <summary>
    /// Stops gracefully: receives no more, lets what was received be handled and answered, and closes. After
    /// <see cref="NsqConsumerOptions.StopTimeout"/>, or on cancellation, handlers are cancelled, what waits for one is given
    /// back, and the consumer closes nevertheless. May be called again; cannot be undone.
    /// </summary>
    /// <param name="cancellation">Cuts the waiting short.</param>
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
    /// Closes without waiting for what is in flight, which the server delivers again. For containers that cannot await;
    /// <see cref="StopAsync"/> and <see cref="DisposeAsync"/> are the ways to prefer.
    /// </summary>
    public void Dispose() => _ = StopAsync(new CancellationToken(canceled: true));

    internal void OnMessages(ReadOnlySpan<NsqMessage> messages) => _received.Add(messages);

    internal void OnAnswered(MessageOutcome outcome)
    {
        // Nearly all messages: nothing to change, and no lock.
        if (outcome == MessageOutcome.Finished && !_backsOff && !_shares.IsShort) return;
        lock (_gate)
        {
            if (_stopping) return;
            if (!_backoff.Take(outcome, out TimeSpan pause))
            {
                if (_shares.IsShort) _shares.Distribute(_backoff);
                return;
            }
            _backsOff = _backoff.Level > 0;
            if (_backoff.IsPaused)
            {
                // The pause has begun when its RDY 0 is seen.
                _pauseEnds.Change(pause, Timeout.InfiniteTimeSpan);
                ClientLog.BackingOff(_logger, _backoff.Level, pause);
            }
            else
            {
                ClientLog.BackedIn(_logger);
            }
            _shares.Distribute(_backoff);
        }
    }

    internal void OnClosed(ConsumerConnection connection)
    {
        lock (_gate)
        {
            _shares.Remove(connection);
            if (!_stopping) _shares.Distribute(_backoff);
        }
    }

    private void Begin()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopped is not null, this);
            if (_started) throw new InvalidOperationException("the consumer was started before");
            _started = true;
            _rotation.Change(Options.RedistributeInterval, Options.RedistributeInterval);
        }
    }

    private async Task<ConsumerConnection> ConnectAsync(NsqAddress address, CancellationToken cancellation)
    {
        NsqConnection wire = await NsqConnection.OpenAsync(address, Options, _request, _time, _logger, cancellation).ConfigureAwait(false);
        ConsumerConnection connection = new(this, wire);
        using CancellationTokenSource timeout = new(Options.ConnectTimeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await connection.SubscribeAsync(Options.Topic, Options.Channel, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new NsqConnectionException($"{address} did not answer SUB within {Options.ConnectTimeout}", e);
        }
        lock (_gate)
        {
            // One that is closed already was not in the list to be taken out of it.
            if (!_stopping && !connection.IsClosed)
            {
                _shares.Add(connection);
                _shares.Distribute(_backoff);
                ClientLog.Connected(_logger, address);
                return connection;
            }
        }
        await connection.LeaveAsync().ConfigureAwait(false);
        return connection;
    }

    private async Task WorkAsync(INsqMessageHandler handler)
    {
        while (await _received.WaitAsync().ConfigureAwait(false))
        {
            ConsumerConnection? held = null;
            while (_received.TryTake(out NsqMessage message))
            {
                // What came over a connection that is gone will come again: handling it now would only double the work.
                if (message.Connection.IsClosed) continue;
                if (held != message.Connection) held?.SendHeld();
                held = message.Connection;
                ValueTask handling = Handle(handler, message);
                if (handling.IsCompletedSuccessfully) continue;
                held.SendHeld();
                held = null;
                await handling.ConfigureAwait(false);
            }
            held?.SendHeld();
        }
    }

    // Most handlers end at once and well, and nobody listens: that much has no need of what the general case costs.
    private ValueTask Handle(INsqMessageHandler handler, NsqMessage message)
    {
        if (ClientTelemetry.Listens || IsSpent(message)) return HandleAsync(handler, message, null);
        ValueTask handling;
        try
        {
            handling = handler.HandleAsync(message, _handling.Token);
        }
        catch (Exception e)
        {
            handling = ValueTask.FromException(e);
        }
        if (!handling.IsCompletedSuccessfully) return HandleAsync(handler, message, handling);
        handling.GetAwaiter().GetResult();
        if (Options.AutoRespond) message.Connection.FinishSoon(message);
        return default;
    }

    // Pooled: a handler that really waits would otherwise cost an object for each message.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask HandleAsync(INsqMessageHandler handler, NsqMessage message, ValueTask? begunHandling)
    {
        bool isSpent = IsSpent(message);
        Activity? activity = ClientTelemetry.StartProcess(Options.Topic, Options.Channel, message);
        bool measures = ClientTelemetry.MeasuresProcessing;
        long begun = measures ? _time.GetTimestamp() : 0;
        Exception? failure = null;
        try
        {
            if (isSpent)
            {
                ClientLog.GivenUp(_logger, message.Id, message.Attempts);
                await handler.GiveUpAsync(message, _handling.Token).ConfigureAwait(false);
            }
            else
            {
                await (begunHandling ?? handler.HandleAsync(message, _handling.Token)).ConfigureAwait(false);
            }
            if (Options.AutoRespond || isSpent) message.Finish();
        }
        catch (OperationCanceledException e) when (_handling.IsCancellationRequested)
        {
            failure = e;
            message.Requeue(TimeSpan.Zero);
        }
        catch (Exception e)
        {
            failure = e;
            ClientLog.HandlerFailed(_logger, e, message.Id, message.Attempts);
            if (Options.AutoRespond || isSpent) message.Requeue();
        }
        if (measures) ClientTelemetry.Processed(Options.Topic, _time.GetElapsedTime(begun), failure);
        ClientTelemetry.Stop(activity, failure);
    }

    private bool IsSpent(NsqMessage message) => Options.MaxAttempts > 0 && message.Attempts > Options.MaxAttempts;

    private void Resume()
    {
        lock (_gate)
        {
            if (_stopping) return;
            _backoff.Resume();
            _shares.Distribute(_backoff);
        }
    }

    private void Rotate()
    {
        lock (_gate)
        {
            if (!_stopping) _shares.Rotate(_backoff);
        }
    }

    private async Task StopOnceAsync(CancellationToken cancellation)
    {
        // The caller holds the lock.
        _stopping = true;
        ConsumerConnection[] connections = [.. _shares.Connections];
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await _pauseEnds.DisposeAsync().ConfigureAwait(false);
        await _rotation.DisposeAsync().ConfigureAwait(false);
        _discovery.Stop();

        using CancellationTokenSource timeout = new(Options.StopTimeout, _time);
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            Task closing = Task.WhenAll(connections.Select(connection => connection.CloseAsync(deadline.Token)));
            if (_workers.Length == 0 && _readers == 0) RequeueReceived();
            await closing.ConfigureAwait(false);
            _received.Complete();
            await Task.WhenAll(_workers).WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            await StopAtOnceAsync(connections).ConfigureAwait(false);
        }
        await _discovery.EndAsync().ConfigureAwait(false);
        _discovery.Dispose();
    }

    private async Task StopAtOnceAsync(ConsumerConnection[] connections)
    {
        _received.Complete();
        RequeueReceived();
        await _handling.CancelAsync().ConfigureAwait(false);
        using CancellationTokenSource timeout = new(CancelledHandlersTimeout, _time);
        try
        {
            await Task.WhenAll(connections.Select(connection => connection.CloseAsync(timeout.Token))).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            ClientLog.StoppedWithout(_logger, connections.Sum(connection => connection.InFlight));
        }
        await Task.WhenAll(connections.Select(connection => connection.LeaveAsync())).ConfigureAwait(false);
    }

    private void RequeueReceived()
    {
        while (_received.TryTake(out NsqMessage message)) message.Requeue(TimeSpan.Zero);
    }
}
