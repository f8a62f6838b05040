using System.Buffers.Binary;
using Broker.Channels;
using Broker.Gateways;
using Broker.Messages;
using Broker.Policies;

namespace Broker.Gateway.Consuming;

/// <summary>
/// A connection's part in a channel: RDY, window and what is in flight. Deliveries come from the channel's side, commands from
/// the connection's, so it has a lock of its own.
/// </summary>
internal sealed class Consumer
{
    // Clocks of channel and gateway may differ a little: what has just timed out here may not have there.
    private const long ExpiryGrace = 5_000;

    private readonly Lock _sync = new();
    private readonly InFlightTable _inFlight = new();
    private readonly IConsumerConnection _connection;
    private readonly long _windowBytes;
    private readonly long _maxMessageTimeout;
    private readonly int _ownTimeout;
    private readonly bool _hasDefaultTimeout;
    private int _ready;
    private long _received;
    private long _bytesOut;
    private long _unstated;
    private long _statedReceived;
    private long _nextExpiry;
    private bool _left;
    private bool _isOverdrawn;
    private long _finished;
    private long _requeued;

    /// <param name="connection">Where deliveries are written; its number is the consumer's.</param>
    /// <param name="options">Limits.</param>
    public Consumer(IConsumerConnection connection, GatewayOptions options)
    {
        Number = connection.Number;
        _ownTimeout = MessageTimeout = connection.MessageTimeout;
        _hasDefaultTimeout = connection.HasDefaultTimeout;
        SampleRate = connection.SampleRate;
        Proximity = connection.Proximity;
        _connection = connection;
        _windowBytes = options.ConsumerWindowBytes;
        _maxMessageTimeout = (long)options.MaxMsgTimeout.TotalMilliseconds;
    }

    /// <summary>Number of the consumer, unique within the gateway.</summary>
    public int Number { get; }

    /// <summary>Message timeout in milliseconds, as the channel has it.</summary>
    public int MessageTimeout { get; private set; }

    /// <summary>0, or 1 to 99 (spec 1.10).</summary>
    public int SampleRate { get; }

    /// <summary>How near the consumer is to this broker.</summary>
    public Proximity Proximity { get; }

    /// <summary>RDY.</summary>
    public int Ready
    {
        get => Volatile.Read(ref _ready);
        set => Volatile.Write(ref _ready, value);
    }

    /// <summary>Messages finished.</summary>
    public long Finished => Interlocked.Read(ref _finished);

    /// <summary>Messages requeued.</summary>
    public long Requeued => Interlocked.Read(ref _requeued);

    /// <summary>Messages in flight; those that timed out unnoticed included.</summary>
    public int InFlight
    {
        get
        {
            lock (_sync)
                return _inFlight.Count;
        }
    }

    /// <summary>Whether the channel may send it another message before something is finished or written out.</summary>
    public bool IsReady
    {
        get
        {
            lock (_sync)
                return _inFlight.Count < _ready && _bytesOut < _windowBytes;
        }
    }

    /// <summary>Messages came from the channel.</summary>
    /// <param name="run">The messages.</param>
    /// <param name="now">Milliseconds of the steady clock.</param>
    /// <param name="timeout">The channel's message timeout for who asked for none, in milliseconds; 0 when it has none.</param>
    public void Receive(in DeliveryRun run, long now, int timeout = 0)
    {
        ReadOnlySpan<byte> records = run.Batch.Records;
        int position = run.Position;
        long bytes = 0;
        lock (_sync)
        {
            if (_left)
                return;
            MessageTimeout = _hasDefaultTimeout && timeout > 0 ? timeout : _ownTimeout;
            if (now >= _nextExpiry)
            {
                _nextExpiry = now + ExpiryGrace;
                _inFlight.RemoveExpired(now - ExpiryGrace);
            }
            for (int i = 0; i < run.Count; i++)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(records[position..]);
                position += MessageBatch.RecordHeaderSize + length;
                bytes += length;
                _inFlight.Add(run.FirstOffset + i, run.Attempts, now, now + MessageTimeout);
            }
            _bytesOut += bytes;
            // What lies between the last run and this one was lost: its room is free.
            _unstated += Math.Max(0, run.Sent - bytes - _received);
            _received = Math.Max(_received, run.Sent);
        }
        _connection.Deliver(run, position - run.Position);
    }

    /// <summary>Body bytes have gone out; true when it is time to state the credit.</summary>
    public bool AddCredit(long bytes)
    {
        long excess;
        lock (_sync)
        {
            _bytesOut -= bytes;
            _unstated += bytes;
            excess = Math.Max(0, -_bytesOut);
            if (excess == 0)
                return _unstated >= _windowBytes / 4;
            _bytesOut = 0;
            if (_isOverdrawn)
                return false;
            _isOverdrawn = true;
        }
        _connection.CloseOverdrawn(_windowBytes, _received, excess);
        return false;
    }

    /// <summary>The credit as it is now, for the channel; null when the channel knows it.</summary>
    /// <param name="again">Whether to state it again as long as the window is not open whole: what was stated may have got lost.</param>
    public ConsumerCommand? TakeCredit(bool again = false)
    {
        lock (_sync)
        {
            if (_unstated == 0 && !(again && (_bytesOut > 0 || _statedReceived != _received)))
                return null;
            (long grown, _unstated, _statedReceived) = (_unstated, 0, _received);
            // A channel of an older version gives its messages no positions.
            return _received > 0
                ? new ConsumerCommand(_received, _windowBytes - _bytesOut, Number, CommandKind.Credit)
                : new ConsumerCommand(0, grown, Number, CommandKind.Window);
        }
    }

    /// <summary>The connection is gone: what was sent beyond what was written to its socket goes back to the channel at once.</summary>
    public ConsumerCommand Detach() => new(_connection.WrittenUpTo, 1, Number, CommandKind.Detach);

    /// <summary>A message is about to be requeued. Its next delivery may come before it is known that it was.</summary>
    public void NoteRequeue(long offset)
    {
        lock (_sync)
            _inFlight.NoteRequeue(offset);
    }

    /// <summary>Commands of this consumer were carried out by the channel.</summary>
    /// <param name="commands">The commands, all of this consumer.</param>
    /// <param name="failures">Those of the batch that failed, from the first that may be among <paramref name="commands"/>.</param>
    /// <param name="firstIndex">Index in the batch of the first command.</param>
    /// <param name="now">Milliseconds of the steady clock.</param>
    public void Apply(ReadOnlySpan<ConsumerCommand> commands, ReadOnlySpan<CommandFailure> failures, int firstIndex, long now)
    {
        lock (_sync)
        {
            for (int i = 0; i < commands.Length; i++)
            {
                ref readonly ConsumerCommand command = ref commands[i];
                if (!failures.IsEmpty && failures[0].Index == firstIndex + i)
                {
                    failures = failures[1..];
                    _inFlight.Remove(command.Offset);
                    continue;
                }
                switch (command.Kind)
                {
                    case CommandKind.Finish:
                        _inFlight.Remove(command.Offset);
                        _finished++;
                        break;
                    case CommandKind.Requeue:
                        _inFlight.RemoveRequeued(command.Offset);
                        _requeued++;
                        break;
                    case CommandKind.Touch:
                        _inFlight.Touch(command.Offset, now, MessageTimeout, _maxMessageTimeout);
                        break;
                }
            }
        }
    }

    /// <summary>The consumer as the channel is to know it, now.</summary>
    /// <param name="ahead">What the wall clock, by which channels elsewhere are told of deadlines, is ahead of the steady one, in milliseconds.</param>
    public ConsumerAttachment ToAttachment(long ahead)
    {
        lock (_sync)
        {
            return new ConsumerAttachment
            {
                Consumer = Number,
                MessageTimeout = _ownTimeout,
                HasDefaultTimeout = _hasDefaultTimeout,
                SampleRate = SampleRate,
                Proximity = Proximity,
                Ready = _ready,
                Window = _windowBytes - _bytesOut,
                InFlight = _inFlight.ToArray(ahead),
                Received = _received,
                Address = _connection.RemoteEndPoint,
                ClientId = _connection.ClientId,
            };
        }
    }

    /// <summary>The connection ends: what still comes is dropped, and comes again after its timeout.</summary>
    public void Leave()
    {
        lock (_sync)
            _left = true;
    }

    /// <summary>The channel is gone: the connection is closed without an error frame.</summary>
    public void Close() => _connection.Close();
}
