using System.Globalization;
using Broker.Bench.Measuring;
using Broker.Bench.Sockets;
using Broker.Protocol.Client;

namespace Broker.Bench.Load;

/// <summary>
/// A connection that finishes every message it gets, but for those that it is to fail at. The FINs of all messages that one read brought leave in one write,
/// as they do from a real client whose write loop takes what has gathered.
/// </summary>
public sealed class Consumer : LoadConnection, IConsuming
{
    private readonly RunControl _run;
    private readonly SendBuffer _commands;
    private readonly int _ready;
    private readonly bool _limited;
    private readonly int _poison;
    private long _messages;
    private long _bytes;
    private long _redelivered;
    private long _failed;
    private long _lastMessageAt;

    /// <param name="connection">An open, subscribed connection.</param>
    /// <param name="run">The run this is a part of.</param>
    /// <param name="plan">How to consume.</param>
    public Consumer(ServerConnection connection, RunControl run, LoadPlan plan)
        : base(connection)
    {
        _run = run;
        _ready = plan.Ready;
        _limited = plan.Work == Work.Consume;
        _poison = plan.Poison;
        // The FINs of all that may be in flight, and a little for the rest.
        _commands = new SendBuffer(plan.Ready * CommandWriter.FinishSize + 256);
    }

    /// <summary>Messages taken; one that is requeued is counted when it comes for the first time.</summary>
    public long Messages => Volatile.Read(ref _messages);

    /// <summary>Bytes of their bodies.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Messages that had been delivered before.</summary>
    public long Redelivered => Volatile.Read(ref _redelivered);

    /// <summary>FINs and REQs that the server refused.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>When the last message came.</summary>
    public long LastMessageAt => Volatile.Read(ref _lastMessageAt);

    /// <summary>From the moment each stamped message was meant to be sent until it was here.</summary>
    public LatencyHistogram Deliveries { get; } = new();

    public override bool WantsToWrite => !_commands.IsEmpty;

    public override void Start()
    {
        _commands.WriteReady(_ready);
        Continue();
    }

    public override void Read()
    {
        if (!Connection.Receive())
            return;
        long now = MonotonicClock.Now;
        long messages = 0, bytes = 0;
        ReadOnlySpan<byte> unread = Connection.Unread;
        while (FrameReader.TryRead(ref unread, out Frame frame))
        {
            if (frame.Type != FrameType.Message)
            {
                ReadOther(frame);
                continue;
            }
            if (_limited && _run.Take(1, 1) == 0)
                continue;
            MessageFrame message = new(frame.Data);
            bool isAgain = message.Attempts > 1;
            bool isPoison = IsPoison(message.Id);
            if (isPoison)
                _commands.WriteRequeue(message.Id, TimeSpan.Zero);
            else
                _commands.WriteFinish(message.Id);
            if (isAgain)
                _redelivered++;
            if (isAgain && isPoison)
                continue;
            messages++;
            bytes += message.Body.Length;
            if (MessageStamp.TryRead(message.Body, out long intended) && _run.IsMeasured(intended))
                Deliveries.Record(now - intended);
        }
        Connection.KeepUnread(unread.Length);
        if (messages > 0)
        {
            Volatile.Write(ref _lastMessageAt, now);
            Volatile.Write(ref _bytes, _bytes + bytes);
            Volatile.Write(ref _messages, _messages + messages);
        }
        Continue();
    }

    public override void Continue()
    {
        if (!_commands.IsEmpty)
            _commands.Sent(Connection.Send(_commands.Unsent));
    }

    // Told by its id, so that it is the same message each time. Ids of neighbours differ little: the product spreads them.
    private bool IsPoison(ReadOnlySpan<byte> id) =>
        _poison > 0 && ulong.TryParse(id, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong number)
            && (number * 0x9E3779B97F4A7C15 >> 32) % (ulong)_poison == 0;

    private void ReadOther(Frame frame)
    {
        if (frame.IsHeartbeat)
            _commands.WriteNop();
        else if (frame.Type == FrameType.Error)
        {
            if (!frame.Data.StartsWith("E_FIN_FAILED"u8) && !frame.Data.StartsWith("E_REQ_FAILED"u8))
                throw Connection.Refused(frame.Data);
            _failed++;
        }
    }
}
