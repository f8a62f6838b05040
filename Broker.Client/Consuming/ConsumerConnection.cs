using System.Runtime.InteropServices;
using Broker.Protocol.Client;

namespace Broker.Client;

/// <summary>A consumer's subscription on one server.</summary>
internal sealed class ConsumerConnection : IConnectionOwner
{
    private static readonly TimeSpan StragglersTimeout = TimeSpan.FromMilliseconds(100);

    private readonly NsqConsumer _consumer;
    private readonly NsqConnection _wire;
    private readonly TaskCompletionSource _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Owned by the read loop.
    private readonly List<NsqMessage> _read = [];
    private int _inFlight;
    private long _lastMessage;
    private long _received;
    private bool _asked;
    private volatile bool _receivesNoMore;
    private volatile bool _isClosed;

    public ConsumerConnection(NsqConsumer consumer, NsqConnection wire)
    {
        _consumer = consumer;
        _wire = wire;
        AddressText = wire.Address.ToString();
        MessageTimeout = TimeSpan.FromMilliseconds(wire.Agreed.MsgTimeout);
        MaxReady = Math.Max(1, wire.Agreed.MaxRdyCount);
    }

    public NsqAddress Address => _wire.Address;

    public string AddressText { get; }

    public TimeSpan MessageTimeout { get; }

    /// <summary>Greatest RDY that the server takes.</summary>
    public int MaxReady { get; }

    /// <summary>RDY as last sent. Owned by the consumer's lock.</summary>
    public int Ready { get; private set; }

    /// <summary>When <see cref="Ready"/> last became positive. Owned by the consumer's lock.</summary>
    public long ReadySince { get; private set; }

    /// <summary>Whether it has been without RDY since the last rotation. Owned by the consumer's lock.</summary>
    public bool HasRested { get; set; } = true;

    /// <summary>When a message last came, as a timestamp of the clock; 0 for never.</summary>
    public long LastMessage => Volatile.Read(ref _lastMessage);

    /// <summary>Messages that were received and not answered.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>What is to be counted against the consumer's limit: what the server may send and what it has sent.</summary>
    public int Claim => Math.Max(Ready, InFlight);

    public bool IsClosed => _isClosed;

    /// <summary>Why it ended, once it has.</summary>
    public NsqException? ClosedBecause { get; private set; }

    /// <summary>Completes when the connection has ended.</summary>
    public Task Ended => _wire.Ended;

    private long Received => Volatile.Read(ref _received);

    /// <summary>Subscribes and waits for the answer.</summary>
    /// <exception cref="NsqException">The server refused, or the connection was lost.</exception>
    public async Task SubscribeAsync(string topic, string channel, CancellationToken cancellation)
    {
        _wire.Start(this);
        _wire.Commands.Subscribe(topic, channel);
        try
        {
            await _subscribed.Task.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            _wire.Abort(null);
            throw;
        }
    }

    /// <summary>Sends RDY if it changes. Under the consumer's lock.</summary>
    public void SetReady(int count, long now)
    {
        if (count == Ready) return;
        if (Ready == 0) ReadySince = now;
        Ready = count;
        _wire.Commands.Ready(count);
    }

    /// <summary>Stops receiving, waits until all that came is answered, and closes. After a cancellation it may be called again.</summary>
    public async Task CloseAsync(CancellationToken cancellation)
    {
        // A second CLS would be refused, and end the connection before its messages are answered.
        if (!Interlocked.Exchange(ref _asked, true)) _wire.Commands.AskToClose();
        await _drained.Task.WaitAsync(cancellation).ConfigureAwait(false);
        // The server says that it delivers no more while it is still sending: what is closed on would be in flight till its
        // timeout. It cannot say when the last one has been sent, so a moment of silence has to do.
        for (long seen = -1; !IsClosed && (InFlight > 0 || seen != Received);)
        {
            seen = Received;
            using CancellationTokenSource quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(Task.Delay(StragglersTimeout, _consumer.Time, quiet.Token), Ended).ConfigureAwait(false);
            await quiet.CancelAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }
        await _wire.CloseAsync().ConfigureAwait(false);
    }

    /// <summary>Closes without waiting for answers; what was answered is still sent.</summary>
    public Task LeaveAsync() => _wire.CloseAsync();

    public bool Finish(NsqMessage message)
    {
        if (!message.TryAnswer(out ReadOnlySpan<byte> id)) return false;
        bool sent = _wire.Commands.Finish(id);
        Answered(MessageOutcome.Finished);
        return sent;
    }

    /// <summary>As <see cref="Finish"/>, but the server may hear of it a few milliseconds later unless <see cref="SendHeld"/> is called.</summary>
    public void FinishSoon(NsqMessage message)
    {
        if (!message.TryAnswer(out ReadOnlySpan<byte> id)) return;
        _wire.Commands.FinishSoon(id);
        Answered(MessageOutcome.Finished);
    }

    /// <summary>Sends what <see cref="FinishSoon"/> held back.</summary>
    public void SendHeld() => _wire.Commands.SendHeld();

    public bool Requeue(NsqMessage message, TimeSpan? delay, bool backOff)
    {
        if (!message.TryAnswer(out ReadOnlySpan<byte> id)) return false;
        bool sent = _wire.Commands.Requeue(id, delay ?? _consumer.Options.RequeueDelayOf(message.Attempts));
        Answered(backOff ? MessageOutcome.Failed : MessageOutcome.Requeued);
        return sent;
    }

    public bool Touch(ReadOnlySpan<byte> id) => _wire.Commands.Touch(id);

    public void OnMessage(ArraySegment<byte> bytes) => _read.Add(new NsqMessage(this, bytes));

    public void OnRead()
    {
        if (_read.Count == 0) return;
        Interlocked.Add(ref _inFlight, _read.Count);
        Volatile.Write(ref _received, _received + _read.Count);
        Volatile.Write(ref _lastMessage, _wire.LastRead);
        _consumer.OnMessages(CollectionsMarshal.AsSpan(_read));
        _read.Clear();
    }

    public void OnResponse(ReadOnlySpan<byte> data)
    {
        // Whether all is answered can be told only when all that came before is counted.
        OnRead();
        if (data.SequenceEqual("CLOSE_WAIT"u8))
        {
            _receivesNoMore = true;
            CheckDrained();
        }
        else
        {
            _subscribed.TrySetResult();
        }
    }

    public void OnError(NsqServerException error)
    {
        // The three that are not fatal answer a FIN, REQ or TOUCH that came too late: the server delivers again, and that is all.
        if (error.IsFatal) _subscribed.TrySetException(error);
    }

    public void OnClosed(NsqException? reason)
    {
        ClosedBecause = reason;
        _isClosed = true;
        _subscribed.TrySetException(reason ?? new NsqConnectionException($"the connection to {Address} was closed"));
        _ = _subscribed.Task.Exception;
        _drained.TrySetResult();
        _consumer.OnClosed(this);
    }

    private void Answered(MessageOutcome outcome)
    {
        Interlocked.Decrement(ref _inFlight);
        if (_receivesNoMore) CheckDrained();
        _consumer.OnAnswered(outcome);
    }

    private void CheckDrained()
    {
        if (InFlight == 0) _drained.TrySetResult();
    }
}
