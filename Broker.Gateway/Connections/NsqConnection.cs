using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using Broker.Channels;
using Broker.Gateway.Telemetry;
using Broker.Messages;
using Broker.Policies;
using Broker.Protocol;
using Broker.Serving.Limits;
using Broker.Telemetry;
using Microsoft.AspNetCore.Connections;

namespace Broker.Gateway;

/// <summary>
/// A client's connection, from its magic to its end (spec 1). All commands that one read brought are parsed in place and
/// started together; then their outcomes are awaited in order, the replies are sent with one flush, and the next read begins.
/// </summary>
/// <remarks>
/// So publishes of one read meet in one append and FINs in one call, and a connection never has more under way than one read
/// brought. What must happen in order with what follows it (SUB) ends the batch.
/// </remarks>
internal sealed class NsqConnection : WheelEntry
{
    private const long Never = long.MaxValue;

    // Milliseconds after which a connection that is busy is looked at again.
    private const long BusyLook = 1000;

    // A larger body is waited for before it is taken into memory, when much is on its way already.
    private const int LargeBody = 64 * 1024;

    private static readonly TimeSpan UpgradeTimeout = TimeSpan.FromSeconds(5);
    private static readonly byte[] Ok = "OK"u8.ToArray();
    private static readonly byte[] CloseWait = "CLOSE_WAIT"u8.ToArray();

    private readonly NsqGateway _gateway;
    private readonly ConnectionContext _context;
    private readonly ConnectionGuard? _guard;
    private readonly CommandAllowance? _allowance;
    private readonly PublishCounts _published = new();

    // What the client is read from: the socket, until TLS or compression is put on it.
    private PipeReader _input;
    private UpgradedTransport? _upgraded;
    private IdentifyReply? _agreed;
    private bool _mustSecure;
    private byte[] _secret = [];
    private bool _isPublishAllowed;

    private ParseStage _stage = ParseStage.Magic;
    private CommandVerb _verb;
    private int _bodySize;
    private long? _delay;
    private MultiPublishBody _multi;
    private TopicPublisher? _publisher;
    private bool _isTopicAsked;
    private string _topic = "";
    private string _channel = "";
    private ProtocolError? _error;
    private bool _isIdentified;
    private DateTimeOffset _now;

    private readonly ReadBatch _batch;
    private Subscription? _subscription;
    private volatile bool _closing;
    private volatile CancellationTokenSource? _ending;
    private bool _hasPublished;
    private long _bytesTaken;
    private long _received;
    private long _firstCommandDue = Never;
    private long _commandDue = Never;
    private long _waitingSince = Never;
    private long _nextHeartbeat = Never;

    public NsqConnection(NsqGateway gateway, ConnectionContext context, int number)
    {
        _gateway = gateway;
        _context = context;
        _input = context.Transport.Input;
        Number = number;
        _batch = new ReadBatch(gateway.Metrics);
        RemoteEndPoint = context.RemoteEndPoint?.ToString() ?? "";
        RemoteAddress = RemoteAddressOf(context);
        Settings = Delivery = new ClientSettings(gateway.Options, RemoteAddress);
        Output = new ConnectionOutput(this, context.Transport.Output);
        ConnectTime = gateway.Time.GetUtcNow();
        _mustSecure = gateway.Options.Tls.Required != TlsRequirement.None;
        if (gateway.Authenticator is { } authenticator)
            _guard = new ConnectionGuard(authenticator, gateway.Time);
        LimitOptions limits = gateway.Options.Limits;
        if (limits.MaxCommandsPerSecond > 0)
            _allowance = new CommandAllowance(limits.MaxCommandsPerSecond, gateway.Time);
        if (limits.FirstCommandTimeout > TimeSpan.Zero)
            _firstCommandDue = Wheel.Now + (long)limits.FirstCommandTimeout.TotalMilliseconds;
    }

    /// <summary>Number of the connection, and of its consumer, unique within the gateway.</summary>
    public int Number { get; }

    /// <summary>The client's address and port; empty on a unix socket.</summary>
    public string RemoteEndPoint { get; }

    /// <summary>The client's IP address; empty on a unix socket.</summary>
    public string RemoteAddress { get; }

    /// <summary>When the connection was made.</summary>
    public DateTimeOffset ConnectTime { get; }

    /// <summary>What is sent.</summary>
    public ConnectionOutput Output { get; }

    /// <summary>Bytes of commands that the client has sent.</summary>
    public long ReceivedBytes => Volatile.Read(ref _received);

    /// <summary>The settings by the last IDENTIFY.</summary>
    public ClientSettings Settings { get; private set; }

    /// <summary>The settings that deliveries and heartbeats follow: those of the first IDENTIFY (spec 1.5).</summary>
    public ClientSettings Delivery { get; private set; }

    /// <summary>Where the connection stands.</summary>
    public ConnectionState State { get; private set; }

    /// <summary>The connection's part in its channel, once it has one.</summary>
    public Consumer? Consumer => _subscription?.Consumer;

    /// <summary>Shared part of the ids of the channel's messages.</summary>
    public ulong IdPrefix => _subscription!.Link.IdPrefix;

    /// <summary>The gateway's timeouts.</summary>
    public TimerWheel Wheel => _gateway.Wheel;

    /// <summary>Cancelled when the connection is being closed; for what is waited for seldom, so that most never have it.</summary>
    private CancellationToken Ending
    {
        get
        {
            if (_ending is null)
            {
                // Never disposed: it holds no timer, and whoever closes the connection may come at any time.
                CancellationTokenSource ending = _ending = new CancellationTokenSource();
                _context.ConnectionClosed.UnsafeRegister(static state => _ = ((CancellationTokenSource)state!).CancelAsync(), ending);
                if (_closing)
                    ending.Cancel();
            }
            return _ending.Token;
        }
    }

    /// <summary>Serves the client until one side has enough.</summary>
    public async Task RunAsync()
    {
        try
        {
            ScheduleTimeouts(Wheel.Now);
            await ReadAsync();
        }
        catch (Exception e)
        {
            Fail(e);
        }
        finally
        {
            Wheel.Cancel(this);
            _subscription?.End();
            bool isWritable = await Output.CloseAsync();
            if (!isWritable)
                _context.Abort();
            _batch.Replies.Clear();
            ReturnBytes();
            if (_upgraded is not null)
                await EndUpgradedAsync(_upgraded, isWritable);
        }
    }

    /// <summary>Closes the connection without an error frame.</summary>
    public void Close()
    {
        _closing = true;
        _input.CancelPendingRead();
        // A handshake under way reads from the socket itself.
        if (_upgraded is not null)
            _context.Transport.Input.CancelPendingRead();
        _ = _ending?.CancelAsync();
    }

    /// <summary>Reading or writing failed: mostly a client that went away.</summary>
    public void Fail(Exception exception)
    {
        // What cannot be decompressed is as good as a line that was cut.
        if (exception is IOException or OperationCanceledException or InvalidDataException)
            _gateway.Logger.ConnectionLost(exception, RemoteEndPoint);
        else
            _gateway.Logger.ConnectionFailed(exception, RemoteEndPoint, Settings.ClientId, _topic, _channel);
        Close();
    }

    /// <summary>The client has not read for longer than its heartbeat interval.</summary>
    public void AbortBlockedWrite()
    {
        _gateway.Logger.WriteTimedOut(RemoteEndPoint);
        _closing = true;
        _context.Abort();
    }

    /// <summary>Body bytes have left: the channel may send as many again.</summary>
    public void GiveBackWindow(long bytes)
    {
        if (_subscription is not { Consumer: var consumer, Link: var link } || !consumer.AddCredit(bytes))
            return;
        long credit = consumer.TakeCredit();
        if (credit == 0)
            return;
        link.Add([new ConsumerCommand(0, credit, consumer.Number, CommandKind.Window)], out _);
        link.Start();
    }

    /// <summary>Traces messages.</summary>
    public MessageTraces Traces => _gateway.Traces;

    /// <summary>The time.</summary>
    public DateTimeOffset Now => _gateway.Time.GetUtcNow();

    /// <summary>A message that is traced has been written to the client.</summary>
    public void TraceDelivery(long offset, ushort attempts, DateTimeOffset start) => MessageTraces.Add(
        "deliver",
        ActivityKind.Producer,
        _topic,
        MessageId.Of(IdPrefix, offset),
        start,
        Now,
        ("messaging.destination.subscription.name", _channel),
        ("messaging.client.id", Settings.ClientId),
        ("network.peer.address", RemoteEndPoint),
        ("nsq.message.attempts", (int)attempts));

    /// <summary>What the connection knows of itself.</summary>
    public ConnectionSnapshot ToSnapshot()
    {
        ClientSettings settings = Settings;
        Consumer? consumer = Consumer;
        UpgradedTransport? upgraded = _upgraded;
        SslStream? tls = upgraded?.Tls;
        Authorization? login = _guard?.Authorization;
        return new ConnectionSnapshot
        {
            Number = Number,
            RemoteAddress = RemoteEndPoint,
            ClientId = settings.ClientId,
            Hostname = settings.Hostname,
            UserAgent = settings.UserAgent,
            ConnectTime = ConnectTime,
            State = State,
            Topic = consumer is null ? "" : _topic,
            Channel = consumer is null ? "" : _channel,
            ReadyCount = consumer?.Ready ?? 0,
            InFlightCount = consumer?.InFlight ?? 0,
            MessageCount = Output.Messages,
            FinishCount = consumer?.Finished ?? 0,
            RequeueCount = consumer?.Requeued ?? 0,
            PublishCounts = _published.ToArray(),
            SampleRate = settings.SampleRate,
            MsgTimeout = settings.MsgTimeout,
            OutputBufferSize = settings.OutputBufferSize,
            OutputBufferTimeout = settings.OutputBufferTimeout,
            TopologyRegion = settings.TopologyRegion,
            TopologyZone = settings.TopologyZone,
            Tls = tls is not null,
            Deflate = upgraded?.IsDeflated ?? false,
            Snappy = upgraded?.IsSnappy ?? false,
            TlsVersion = tls is null ? "" : TlsServer.NameOf(tls.SslProtocol),
            TlsCipherSuite = tls?.NegotiatedCipherSuite.ToString() ?? "",
            TlsNegotiatedProtocol = tls?.NegotiatedApplicationProtocol.ToString() ?? "",
            TlsCommonName = upgraded?.CommonName ?? "",
            Authed = login is { Grants.Count: > 0 },
            AuthIdentity = login?.Identity ?? "",
            AuthIdentityUrl = login?.IdentityUrl ?? "",
        };
    }

    /// <inheritdoc/>
    protected internal override void OnDue()
    {
        long now = Wheel.Now;
        if (now >= _nextHeartbeat)
        {
            _nextHeartbeat = now + Delivery.HeartbeatInterval;
            Output.Heartbeat();
        }
        if (now >= ReadDeadline(now))
            _input.CancelPendingRead();
        ScheduleTimeouts(now);
    }

    private static string RemoteAddressOf(ConnectionContext context) =>
        context.RemoteEndPoint is System.Net.IPEndPoint { Address: var address }
            ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
            : "";

    private void ScheduleTimeouts(long now)
    {
        long next = Math.Min(_nextHeartbeat, ReadDeadline(now));
        if (next != Never && !_closing)
            Wheel.Schedule(this, next - now, coarse: true);
    }

    /// <summary>When reading gives up; a connection that is not waiting now will not before that long.</summary>
    private long ReadDeadline(long now)
    {
        long interval = Settings.HeartbeatInterval;
        long since = Interlocked.Read(ref _waitingSince);
        long heartbeats = interval == 0 || _stage == ParseStage.Magic ? Never : 2 * interval + (since == Never ? now : since);
        long due = Math.Min(_firstCommandDue, _commandDue);
        // What is read later than it came, because of a limit of ours, is not the client's fault: it is looked at again.
        if (since == Never && due != Never)
            due = Math.Max(due, now + BusyLook);
        return Math.Min(heartbeats, due);
    }

    private async Task ReadAsync()
    {
        long waitingSince = Wheel.Now;
        long missing = 1;
        long buffered = 0;
        while (true)
        {
            if (missing > LargeBody && buffered + missing > _bytesTaken)
                await TakeBytesAsync(buffered + missing);
            if (_hasPublished && _gateway.Memory.IsHigh)
                await WaitForMemoryAsync();
            Interlocked.Exchange(ref _waitingSince, waitingSince);
            // The pipe counts from what was examined: these are bytes to come, not bytes in all.
            ReadResult read = missing > 1 ? await _input.ReadAtLeastAsync((int)missing) : await _input.ReadAsync();
            Interlocked.Exchange(ref _waitingSince, Never);
            if (_closing)
                return;
            bool timedOut = read.IsCanceled && HasTimedOut(waitingSince);
            ReadOnlySequence<byte> buffer = read.Buffer;
            bool isStart = _stage == ParseStage.Magic;
            ParseStep step = Parse(ref buffer, out int commands);
            if (step == ParseStep.NeedData && (timedOut || read.IsCompleted))
            {
                if (timedOut)
                    CountSlowness();
                if (_stage is ParseStage.Magic or ParseStage.Line)
                    step = ParseStep.Close;
                else
                    step = FailWith(Truncated(buffer.Length));
            }
            // What was parsed is copied; the transport may go on while the outcomes are awaited.
            Volatile.Write(ref _received, _received + read.Buffer.Length - buffer.Length);
            missing = step == ParseStep.NeedData ? MissingBytes(buffer.Length) : 1;
            buffered = buffer.Length;
            // The magic has the deadline of the first command.
            bool isWithin = step == ParseStep.NeedData && _stage != ParseStage.Magic && (buffer.Length > 0 || _stage != ParseStage.Line);
            _input.AdvanceTo(buffer.Start, step == ParseStep.NeedData ? buffer.End : buffer.Start);

            _batch.Start(_subscription);
            ProtocolError? error = await _batch.SettleAsync();
            bool goOn = error is null ? await TakeStepAsync(step) : Refuse(error);
            if (!_batch.Replies.IsEmpty)
                await Output.SendAsync(ref _batch.Replies);
            if (!goOn || _closing)
                return;
            if (_bytesTaken > 0 && commands > 0)
                ReturnBytes();
            if (_allowance is not null && _allowance.Take(commands) is { Ticks: > 0 } pause)
                await PauseAsync(pause);
            // A command that has begun has to end within the deadline of its first byte's wait.
            if (commands > 0 || isStart)
            {
                waitingSince = Wheel.Now;
                if (commands > 0)
                    _firstCommandDue = Never;
            }
            SetCommandDue(isWithin, commands > 0 ? waitingSince : null);
        }
    }

    private bool HasTimedOut(long waitingSince)
    {
        long interval = Settings.HeartbeatInterval;
        long now = Wheel.Now;
        return (_stage != ParseStage.Magic && interval > 0 && now - waitingSince >= 2 * interval) || IsSlow(now);
    }

    private bool IsSlow(long now) => now >= _firstCommandDue || now >= _commandDue;

    private void CountSlowness()
    {
        if (IsSlow(Wheel.Now))
            _gateway.Refusals.Add(_firstCommandDue != Never ? RefusalReason.NoFirstCommand : RefusalReason.SlowCommand, RemoteEndPoint);
    }

    /// <summary>A command that has begun has its own deadline, even when heartbeats are off and nothing else has one.</summary>
    /// <param name="isWithin">Whether one has begun and not ended.</param>
    /// <param name="began">When, if it was with the last read.</param>
    private void SetCommandDue(bool isWithin, long? began)
    {
        if (!isWithin)
        {
            _commandDue = Never;
            return;
        }
        TimeSpan timeout = _gateway.Options.Limits.CommandTimeout;
        if ((began is null && _commandDue != Never) || timeout <= TimeSpan.Zero)
            return;
        long now = began ?? Wheel.Now;
        _commandDue = now + (long)timeout.TotalMilliseconds;
        // Whoever has heartbeats is looked at with each of them.
        if (!IsLinked)
            ScheduleTimeouts(now);
    }

    /// <summary>Waits until a large body may be taken into memory.</summary>
    /// <param name="bytes">Of the body, as far as it is known.</param>
    private async ValueTask TakeBytesAsync(long bytes)
    {
        ByteBudget budget = _gateway.BytesInFlight;
        // An MPUB says how long it is, and then goes on for as long as it likes up to the limit: who is caught out pays in full.
        if (_stage == ParseStage.MultiBody)
            bytes = _bytesTaken > 0 ? _gateway.Options.MaxBodySize : Math.Max(bytes, _multi.Declared);
        ReturnBytes();
        if (!budget.TryTake(bytes))
        {
            _gateway.Refusals.Add(RefusalReason.TooManyBytesInFlight, RemoteEndPoint);
            await budget.TakeAsync(bytes, Ending);
        }
        _bytesTaken = bytes;
    }

    private void ReturnBytes()
    {
        if (_bytesTaken > 0)
            _gateway.BytesInFlight.Return(_bytesTaken);
        _bytesTaken = 0;
    }

    private async ValueTask WaitForMemoryAsync()
    {
        _hasPublished = false;
        _gateway.Refusals.Add(RefusalReason.MemoryShort, RemoteEndPoint);
        await _gateway.Memory.WaitAsync(Ending);
    }

    private async ValueTask PauseAsync(TimeSpan pause)
    {
        _gateway.Refusals.Add(RefusalReason.TooManyCommands, RemoteEndPoint);
        await Task.Delay(pause, _gateway.Time, Ending);
    }

    /// <summary>Bytes that must come before anything can be done: no error can be seen before the element that is arriving is complete.</summary>
    private long MissingBytes(long available) => _stage switch
    {
        ParseStage.Body => _bodySize - available,
        ParseStage.MultiBody => Math.Max(_multi.Length - available, 1),
        _ => 1,
    };

    private ParseStep Parse(ref ReadOnlySequence<byte> buffer, out int commands)
    {
        commands = 0;
        bool isStart = _stage == ParseStage.Magic;
        SequenceReader<byte> reader = new(buffer);
        if (!reader.End)
            _now = _gateway.Time.GetUtcNow();
        ParseStep step;
        while ((step = ParseNext(ref reader)) == ParseStep.Next)
        {
            if (_stage == ParseStage.Line)
                commands++;
        }
        if (isStart && _stage != ParseStage.Magic)
            commands--;
        if (step is ParseStep.Subscribe or ParseStep.Upgrade or ParseStep.Authenticate)
            commands++;
        buffer = buffer.Slice(reader.Position);
        return step;
    }

    private ParseStep ParseNext(ref SequenceReader<byte> reader)
    {
        switch (_stage)
        {
            case ParseStage.Line:
                switch (CommandLine.TryRead(ref reader, out ReadOnlySpan<byte> line))
                {
                    case OperationStatus.Done: return TakeLine(new CommandLine(line));
                    case OperationStatus.NeedMoreData: return ParseStep.NeedData;
                    default: return ParseStep.Close;
                }
            case ParseStage.BodySize:
                return reader.TryReadBigEndian(out int size) ? TakeBodySize(size) : ParseStep.NeedData;
            case ParseStage.Body:
                if (reader.Remaining < _bodySize)
                    return ParseStep.NeedData;
                if (_guard is { IsStale: true } && _verb is CommandVerb.Pub or CommandVerb.Dpub)
                    return ParseStep.Reauthenticate;
                ReadOnlySequence<byte> body = reader.UnreadSequence.Slice(0, _bodySize);
                reader.Advance(_bodySize);
                _stage = ParseStage.Line;
                return TakeBody(body);
            case ParseStage.MultiBody:
                return TakeMultiBody(ref reader);
            default:
                return TakeMagic(ref reader);
        }
    }

    private ParseStep TakeMagic(ref SequenceReader<byte> reader)
    {
        if (reader.Remaining < 4)
            return ParseStep.NeedData;
        if (!reader.IsNext("  V2"u8, advancePast: true))
            return FailWith(ProtocolError.BadProtocol);
        _stage = ParseStage.Line;
        long now = Wheel.Now;
        _nextHeartbeat = Delivery.HeartbeatInterval == 0 ? Never : now + Delivery.HeartbeatInterval;
        ScheduleTimeouts(now);
        return ParseStep.Next;
    }

    private ParseStep TakeLine(CommandLine line)
    {
        if (_mustSecure && line.Verb != CommandVerb.Identify)
            return FailWith(ProtocolError.TlsRequired(line.Name));
        switch (line.Verb)
        {
            case CommandVerb.Fin:
            case CommandVerb.Touch:
            case CommandVerb.Req:
                return TakeMessageCommand(line);
            case CommandVerb.Pub:
            case CommandVerb.Dpub:
            case CommandVerb.Mpub:
                return TakePublish(line);
            case CommandVerb.Rdy:
                return TakeReady(line);
            case CommandVerb.Nop:
                return ParseStep.Next;
            case CommandVerb.Sub:
                return TakeSubscribe(line);
            case CommandVerb.Cls:
                return TakeClose();
            case CommandVerb.Identify:
                return State == ConnectionState.Init ? ExpectBody(line.Verb) : FailWith(ProtocolError.InvalidState(line.Verb));
            case CommandVerb.Auth:
                if (State != ConnectionState.Init)
                    return FailWith(ProtocolError.InvalidState(line.Verb));
                return line.HasToken ? FailWith(ProtocolError.AuthParameters) : ExpectBody(line.Verb);
            default:
                return FailWith(ProtocolError.InvalidCommand(line.Name));
        }
    }

    private ParseStep ExpectBody(CommandVerb verb)
    {
        _verb = verb;
        _stage = ParseStage.BodySize;
        return ParseStep.Next;
    }

    private ParseStep TakePublish(CommandLine line)
    {
        CommandVerb verb = line.Verb;
        if (!line.TryReadToken(out ReadOnlySpan<byte> topic))
            return FailWith(ProtocolError.MissingParameters(verb));
        ReadOnlySpan<byte> delayToken = default;
        if (verb == CommandVerb.Dpub && !line.TryReadToken(out delayToken))
            return FailWith(ProtocolError.MissingParameters(verb));
        if (_publisher is not { IsRetired: false } publisher || !topic.SequenceEqual(publisher.Name))
        {
            if (!NsqName.IsValid(topic))
                return FailWith(ProtocolError.BadTopic(verb, topic));
            _publisher = _gateway.FindPublisher(topic);
        }

        _delay = null;
        if (verb == CommandVerb.Dpub)
        {
            long max = (long)_gateway.Options.MaxReqTimeout.TotalMilliseconds;
            if (!DecimalToken.TryParse(delayToken, out ulong delay))
                return FailWith(ProtocolError.InvalidDelay(verb, delayToken));
            if (delay > (ulong)max)
                return FailWith(ProtocolError.DelayOutOfRange(delay, max));
            if (delay > 0)
                _delay = (long)delay;
        }
        if (verb != CommandVerb.Mpub)
            return ExpectBody(verb);
        _verb = verb;
        _stage = ParseStage.MultiBody;
        _isTopicAsked = false;
        _isPublishAllowed = false;
        _multi = new MultiPublishBody(_gateway.Options.MaxMsgSize, _gateway.Options.MaxBodySize);
        return ParseStep.Next;
    }

    private ParseStep TakeBodySize(int size)
    {
        bool isMessage = _verb is CommandVerb.Pub or CommandVerb.Dpub;
        if (!isMessage && size > _gateway.Options.MaxBodySize)
            return FailWith(ProtocolError.BodyTooBig(_verb, size, _gateway.Options.MaxBodySize));
        if (size <= 0)
            return FailWith(ProtocolError.InvalidBodySize(_verb, size));
        if (isMessage && size > _gateway.Options.MaxMsgSize)
            return FailWith(ProtocolError.MessageTooBig(_verb, size, _gateway.Options.MaxMsgSize));
        _bodySize = size;
        _stage = ParseStage.Body;
        return ParseStep.Next;
    }

    private ParseStep TakeBody(in ReadOnlySequence<byte> body)
    {
        switch (_verb)
        {
            case CommandVerb.Identify:
                return Identify(body);
            case CommandVerb.Auth:
                if (_guard is null)
                    return FailWith(ProtocolError.AuthDisabled);
                _secret = body.ToArray();
                return ParseStep.Authenticate;
            default:
                if (_guard?.CheckPublish(_verb, _publisher!.Topic) is { } refusal)
                    return FailWithAccess(refusal);
                long? due = _delay is long delay ? _now.ToUnixTimeMilliseconds() + delay : null;
                AddPublish(_publisher!.Add(Timestamp, body, due), 1);
                return ParseStep.Next;
        }
    }

    private ParseStep TakeMultiBody(ref SequenceReader<byte> reader)
    {
        if (_guard is not null && !_isPublishAllowed)
        {
            // Before the topic is made and the body is read, unlike a PUB.
            if (_guard.IsStale)
                return ParseStep.Reauthenticate;
            if (_guard.CheckPublish(_verb, _publisher!.Topic) is { } refusal)
            {
                _stage = ParseStage.Line;
                return FailWithAccess(refusal);
            }
            _isPublishAllowed = true;
        }
        ReadOnlySequence<byte> body = reader.UnreadSequence;
        switch (_multi.Advance(body, out _error))
        {
            case OperationStatus.Done:
                const int prefix = 2 * sizeof(int);
                AddPublish(_publisher!.AddMulti(Timestamp, body.Slice(prefix, _multi.Length - prefix), _multi.Count, (int)_multi.MessageBytes), _multi.Count);
                reader.Advance(_multi.Length);
                _stage = ParseStage.Line;
                return ParseStep.Next;
            case OperationStatus.NeedMoreData:
                return _publisher!.IsTopicKnown || _isTopicAsked ? ParseStep.NeedData : ParseStep.CreateTopic;
            default:
                return ParseStep.Fail;
        }
    }

    private void AddPublish(PublishCall call, int messages)
    {
        _hasPublished = true;
        _published.Add(_publisher!.Topic, messages);
        _batch.AddPublish(_publisher, call, _verb);
    }

    private long Timestamp => (_now - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private ParseStep TakeMessageCommand(CommandLine line)
    {
        CommandVerb verb = line.Verb;
        if (State == ConnectionState.Init)
            return FailWith(ProtocolError.InvalidState(verb));
        if (!line.TryReadToken(out ReadOnlySpan<byte> token))
            return FailWith(ProtocolError.MissingParameters(verb));
        ReadOnlySpan<byte> delayToken = default;
        if (verb == CommandVerb.Req && !line.TryReadToken(out delayToken))
            return FailWith(ProtocolError.MissingParameters(verb));
        if (token.Length != HexId.Length)
            return FailWith(ProtocolError.InvalidMessageId);
        long delay = 0;
        if (verb == CommandVerb.Req)
        {
            if (!DecimalToken.TryParse(delayToken, out ulong asked))
                return FailWith(ProtocolError.InvalidDelay(verb, delayToken));
            delay = (long)Math.Min(asked, (ulong)_gateway.Options.MaxReqTimeout.TotalMilliseconds);
        }

        if (!HexId.TryParse(token, out ulong id) || MessageId.PrefixOf(id) != IdPrefix)
        {
            // No message of this channel has such an id: the channel need not be asked.
            _batch.AddError(ProtocolError.CommandFailed(verb, token, ReadBatch.NotInFlight));
            return ParseStep.Next;
        }
        CommandKind kind = verb switch
        {
            CommandVerb.Fin => CommandKind.Finish,
            CommandVerb.Req => CommandKind.Requeue,
            _ => CommandKind.Touch,
        };
        _batch.AddCommand(new ConsumerCommand(MessageId.OffsetOf(id), delay, Number, kind));
        return ParseStep.Next;
    }

    private ParseStep TakeReady(CommandLine line)
    {
        if (State == ConnectionState.Closing)
            return ParseStep.Next;
        if (State != ConnectionState.Subscribed)
            return FailWith(ProtocolError.InvalidState(CommandVerb.Rdy));
        long count = 1;
        if (line.TryReadToken(out ReadOnlySpan<byte> token))
        {
            if (!DecimalToken.TryParse(token, out ulong value))
                return FailWith(ProtocolError.InvalidReadyCount(token));
            count = unchecked((long)value);
        }
        if (count < 0 || count > _gateway.Options.MaxRdyCount)
            return FailWith(ProtocolError.ReadyOutOfRange(count, _gateway.Options.MaxRdyCount));
        SetReady((int)count);
        return ParseStep.Next;
    }

    private void SetReady(int count)
    {
        Consumer consumer = Consumer!;
        consumer.Ready = count;
        _batch.AddCommand(new ConsumerCommand(0, count, Number, CommandKind.Ready));
        if (!consumer.IsReady)
            Output.Flush();
    }

    private ParseStep TakeClose()
    {
        if (State != ConnectionState.Subscribed)
            return FailWith(ProtocolError.InvalidState(CommandVerb.Cls));
        SetReady(0);
        State = ConnectionState.Closing;
        _batch.AddResponse(CloseWait);
        return ParseStep.Next;
    }

    private ParseStep TakeSubscribe(CommandLine line)
    {
        if (State != ConnectionState.Init)
            return FailWith(ProtocolError.InvalidState(CommandVerb.Sub));
        if (Settings.HeartbeatInterval == 0)
            return FailWith(ProtocolError.SubWithoutHeartbeats);
        if (!line.TryReadToken(out ReadOnlySpan<byte> topic) || !line.TryReadToken(out ReadOnlySpan<byte> channel))
            return FailWith(ProtocolError.MissingParameters(CommandVerb.Sub));
        if (!NsqName.IsValid(topic))
            return FailWith(ProtocolError.BadTopic(CommandVerb.Sub, topic));
        if (!NsqName.IsValid(channel))
            return FailWith(ProtocolError.BadChannel(channel));
        _topic = System.Text.Encoding.ASCII.GetString(topic);
        _channel = System.Text.Encoding.ASCII.GetString(channel);
        return ParseStep.Subscribe;
    }

    private ParseStep Identify(in ReadOnlySequence<byte> body)
    {
        if (IdentifyRequest.TryParse(body) is not { } request)
            return FailWith(ProtocolError.IdentifyNotJson);
        GatewayOptions options = _gateway.Options;
        bool isPlain = _upgraded is null;
        UpgradeOffer offer = new(
            isPlain && _gateway.Tls.IsEnabled, isPlain && options.Deflate, isPlain && options.Snappy, _guard is not null);
        ProtocolError? error = Settings.Identify(request, options, offer, out ClientSettings settings, out IdentifyReply? reply);
        if (error is not null)
            return FailWith(error);
        Settings = settings;
        long now = Wheel.Now;
        if (!_isIdentified)
        {
            _isIdentified = true;
            Delivery = settings;
            _nextHeartbeat = settings.HeartbeatInterval == 0 ? Never : now + settings.HeartbeatInterval;
        }
        ScheduleTimeouts(now);
        _batch.AddResponse(reply?.ToJson() ?? Ok);
        if (reply is not ({ Tls: true } or { Deflate: true } or { Snappy: true }))
            return ParseStep.Next;
        _agreed = reply;
        return ParseStep.Upgrade;
    }

    private ParseStep FailWith(ProtocolError error)
    {
        _error = error;
        return ParseStep.Fail;
    }

    private ParseStep FailWithAccess(ProtocolError error)
    {
        _gateway.Refusals.Add(RefusalReason.NotAuthorized, RemoteEndPoint);
        return FailWith(error);
    }

    private ProtocolError Truncated(long available) => _stage switch
    {
        ParseStage.BodySize => ProtocolError.UnreadableBodySize(_verb),
        ParseStage.Body => ProtocolError.UnreadableBody(_verb),
        _ => _multi.Truncated(available),
    };

    private bool Refuse(ProtocolError error)
    {
        _gateway.Metrics.Count(error);
        _gateway.Logger.Refused(RemoteEndPoint, error);
        _batch.Replies.AddError(error);
        return false;
    }

    /// <summary>Does what ended the parsing of a read, after everything before it.</summary>
    /// <returns>False when it ends the connection.</returns>
    private async ValueTask<bool> TakeStepAsync(ParseStep step)
    {
        switch (step)
        {
            case ParseStep.CreateTopic:
                _isTopicAsked = true;
                await _publisher!.CreateTopicAsync();
                return true;
            case ParseStep.Upgrade:
                return await UpgradeAsync(_agreed!);
            case ParseStep.Authenticate:
                return await AuthenticateAsync();
            case ParseStep.Reauthenticate:
                return await _guard!.RefreshAsync(Ending) is not { } failure || RefuseAccess(failure);
            case ParseStep.Subscribe:
                ProtocolError? error = await CheckSubscribeAsync();
                if (error is not null)
                    return RefuseAccess(error);
                (_subscription, error) = await Subscription.MakeAsync(this, _gateway, _topic, _channel);
                if (error is not null)
                    return Refuse(error);
                State = ConnectionState.Subscribed;
                _batch.Replies.AddFrame(Frame.Ok);
                return true;
            case ParseStep.Fail:
                // A malformed MPUB leaves a topic behind, as in nsqd.
                if (_stage == ParseStage.MultiBody)
                    await _publisher!.CreateTopicAsync();
                return Refuse(_error!);
            default:
                return step != ParseStep.Close;
        }
    }

    private async ValueTask<ProtocolError?> CheckSubscribeAsync()
    {
        if (_guard is null)
            return null;
        ProtocolError? error = _guard.IsStale ? await _guard.RefreshAsync(Ending) : null;
        return error ?? _guard.CheckSubscribe(_topic, _channel);
    }

    private async ValueTask<bool> AuthenticateAsync()
    {
        Credentials credentials = new(_secret, RemoteAddress, _upgraded?.Tls is not null, _upgraded?.CommonName ?? "");
        _secret = [];
        (byte[]? reply, ProtocolError? error) = await _guard!.AuthenticateAsync(credentials, Ending);
        if (error is not null)
            return RefuseAccess(error);
        _batch.Replies.AddResponse(reply);
        return true;
    }

    private bool RefuseAccess(ProtocolError error)
    {
        _gateway.Refusals.Add(RefusalReason.NotAuthorized, RemoteEndPoint);
        return Refuse(error);
    }

    /// <summary>
    /// Puts on what IDENTIFY has agreed on: the reply in the clear, then TLS, then one compression, each announced by an
    /// <c>OK</c> (spec 1.7). Bytes that the client sent too early are the first that the new layer reads, never commands.
    /// </summary>
    private async ValueTask<bool> UpgradeAsync(IdentifyReply agreed)
    {
        await Output.SendAsync(ref _batch.Replies);
        if (!await Output.HoldAsync())
            return false;
        PipeWriter output = _context.Transport.Output;
        UpgradedTransport upgraded = _upgraded = new UpgradedTransport(_context.Transport);
        try
        {
            using CancellationTokenSource patience = new(UpgradeTimeout, _gateway.Time);
            if (agreed.Tls)
                await upgraded.SecureAsync(_gateway.Tls, patience.Token);
            if (agreed.Snappy)
                await upgraded.SnappyAsync(patience.Token);
            if (agreed.Deflate)
                await upgraded.DeflateAsync(agreed.DeflateLevel, patience.Token);
            _input = upgraded.Input;
            output = upgraded.Output;
            _mustSecure &= !agreed.Tls;
            return true;
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException)
        {
            _gateway.Refusals.Add(RefusalReason.HandshakeFailed, RemoteEndPoint);
            _gateway.Logger.UpgradeFailed(e, RemoteEndPoint);
            return Refuse(ProtocolError.UpgradeFailed(e is OperationCanceledException ? "handshake timed out" : "handshake failed"));
        }
        finally
        {
            Output.Resume(output);
        }
    }

    private async ValueTask EndUpgradedAsync(UpgradedTransport upgraded, bool isWritable)
    {
        try
        {
            if (isWritable)
                await upgraded.EndAsync();
            await upgraded.DisposeAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            _gateway.Logger.ConnectionLost(e, RemoteEndPoint);
        }
    }
}
