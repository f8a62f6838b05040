using System.Buffers;
using System.Text;
using Broker.Channels;
using Broker.Gateway.Consuming;
using Broker.Gateway.Publishing;
using Broker.Messages;
using Broker.Gateway.Telemetry;
using Broker.Policies;
using Broker.Protocol;
using Broker.Serving.Limits;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Connections;

/// <summary>What each command of a client does (spec 1.4 to 1.9). What has to be waited for is a step, which <see cref="ReadLoop"/> takes.</summary>
/// <param name="client">Who gives the commands.</param>
/// <param name="services">What the gateway's connections share.</param>
/// <param name="batch">Gathers what the commands of one read add up to.</param>
internal sealed class CommandVerbs(NsqConnection client, GatewayServices services, ReadBatch batch)
{
    private static readonly byte[] Ok = "OK"u8.ToArray();
    private static readonly byte[] CloseWait = "CLOSE_WAIT"u8.ToArray();

    private readonly bool _isTlsRequired = services.Options.Tls.Required != Policies.TlsRequirement.None;
    private TopicPublisher? _publisher;
    private long? _delay;
    private byte[] _secret = [];
    private bool _isIdentified;

    /// <summary>When what is being parsed was read.</summary>
    public DateTimeOffset Now { get; set; }

    /// <summary>What ends the connection, after <see cref="ParseStep.Fail"/>.</summary>
    public ProtocolError? Error { get; private set; }

    /// <summary>What IDENTIFY has agreed on, after <see cref="ParseStep.Upgrade"/>.</summary>
    public IdentifyReply? Agreed { get; private set; }

    /// <summary>The topic that is published to, which <see cref="ParseStep.CreateTopic"/> makes.</summary>
    public TopicPublisher? Publisher => _publisher;

    /// <summary>Whether that topic is there.</summary>
    public bool IsTopicKnown => _publisher!.IsTopicKnown;

    /// <summary>Whether something was published since this was last set to false.</summary>
    public bool HasPublished { get; set; }

    private long Timestamp => (Now - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>The magic has come.</summary>
    public ParseStep Greet()
    {
        client.Deadlines.Greet();
        return ParseStep.Next;
    }

    /// <summary>A command's line has come.</summary>
    public ParseStep Take(CommandLine line)
    {
        if (_isTlsRequired && line.Verb != CommandVerb.Identify && client.Transport.Upgraded?.Tls is null)
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
                return client.State == ConnectionState.Init ? ParseStep.Body : FailWith(ProtocolError.InvalidState(line.Verb));
            case CommandVerb.Auth:
                if (client.State != ConnectionState.Init)
                    return FailWith(ProtocolError.InvalidState(line.Verb));
                return line.HasToken ? FailWith(ProtocolError.AuthParameters) : ParseStep.Body;
            default:
                return FailWith(ProtocolError.InvalidCommand(line.Name));
        }
    }

    /// <summary>Whether what the client may do is to be asked for again before this command.</summary>
    public bool MustAskAgain(CommandVerb verb) => client.Guard is { IsStale: true } && verb is CommandVerb.Pub or CommandVerb.Dpub;

    /// <summary>A command's body has come.</summary>
    public ParseStep TakeBody(CommandVerb verb, in ReadOnlySequence<byte> body)
    {
        switch (verb)
        {
            case CommandVerb.Identify:
                return Identify(body);
            case CommandVerb.Auth:
                if (client.Guard is null)
                    return FailWith(ProtocolError.AuthDisabled);
                _secret = body.ToArray();
                return ParseStep.Authenticate;
            default:
                if (client.Guard?.CheckPublish(verb, _publisher!.Topic) is { } refusal)
                    return FailWithAccess(refusal);
                long? due = _delay is long delay ? Now.ToUnixTimeMilliseconds() + delay : null;
                AddPublish(_publisher!.Add(Timestamp, body, due), 1, verb);
                return ParseStep.Next;
        }
    }

    /// <summary>Whether the client may publish by the MPUB that has begun.</summary>
    public ParseStep CheckMultiPublish()
    {
        if (client.Guard is not { } guard)
            return ParseStep.Next;
        if (guard.IsStale)
            return ParseStep.Reauthenticate;
        return guard.CheckPublish(CommandVerb.Mpub, _publisher!.Topic) is { } refusal ? FailWithAccess(refusal) : ParseStep.Next;
    }

    /// <summary>An MPUB's messages have come.</summary>
    /// <param name="messages">Each with its size before it.</param>
    /// <param name="count">How many.</param>
    /// <param name="bytes">Of their bodies.</param>
    public void PublishMulti(in ReadOnlySequence<byte> messages, int count, int bytes) =>
        AddPublish(_publisher!.AddMulti(Timestamp, messages, count, bytes), count, CommandVerb.Mpub);

    /// <summary>The error ends the connection.</summary>
    public ParseStep FailWith(ProtocolError error)
    {
        Error = error;
        return ParseStep.Fail;
    }

    /// <summary>What AUTH has brought; it is kept no longer.</summary>
    public byte[] TakeSecret()
    {
        byte[] secret = _secret;
        _secret = [];
        return secret;
    }

    private ParseStep FailWithAccess(ProtocolError error)
    {
        services.Refusals.Add(RefusalReason.NotAuthorized, client.RemoteEndPoint);
        return FailWith(error);
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
            _publisher = services.Publishers.Find(topic);
        }

        _delay = null;
        if (verb == CommandVerb.Dpub)
        {
            long max = (long)services.Options.MaxReqTimeout.TotalMilliseconds;
            if (!DecimalToken.TryParse(delayToken, out ulong delay))
                return FailWith(ProtocolError.InvalidDelay(verb, delayToken));
            if (delay > (ulong)max)
                return FailWith(ProtocolError.DelayOutOfRange(delay, max));
            if (delay > 0)
                _delay = (long)delay;
        }
        return verb == CommandVerb.Mpub ? ParseStep.MultiBody : ParseStep.Body;
    }

    private void AddPublish(PublishCall call, int messages, CommandVerb verb)
    {
        HasPublished = true;
        client.Published.Add(_publisher!.Topic, messages);
        batch.AddPublish(_publisher, call, verb);
    }

    private ParseStep TakeMessageCommand(CommandLine line)
    {
        CommandVerb verb = line.Verb;
        if (client.State == ConnectionState.Init)
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
            delay = (long)Math.Min(asked, (ulong)services.Options.MaxReqTimeout.TotalMilliseconds);
        }

        if (!HexId.TryParse(token, out ulong id) || MessageId.PrefixOf(id) != client.IdPrefix)
        {
            // No message of this channel has such an id: the channel need not be asked.
            batch.AddError(ProtocolError.CommandFailed(verb, token, ReadBatch.NotInFlight));
            return ParseStep.Next;
        }
        CommandKind kind = verb switch
        {
            CommandVerb.Fin => CommandKind.Finish,
            CommandVerb.Req => CommandKind.Requeue,
            _ => CommandKind.Touch,
        };
        batch.AddCommand(new ConsumerCommand(MessageId.OffsetOf(id), delay, client.Number, kind));
        return ParseStep.Next;
    }

    private ParseStep TakeReady(CommandLine line)
    {
        if (client.State == ConnectionState.Closing)
            return ParseStep.Next;
        if (client.State != ConnectionState.Subscribed)
            return FailWith(ProtocolError.InvalidState(CommandVerb.Rdy));
        long count = 1;
        if (line.TryReadToken(out ReadOnlySpan<byte> token))
        {
            if (!DecimalToken.TryParse(token, out ulong value))
                return FailWith(ProtocolError.InvalidReadyCount(token));
            count = unchecked((long)value);
        }
        if (count < 0 || count > services.Options.MaxRdyCount)
            return FailWith(ProtocolError.ReadyOutOfRange(count, services.Options.MaxRdyCount));
        SetReady((int)count);
        return ParseStep.Next;
    }

    private void SetReady(int count)
    {
        Consumer consumer = client.Consumer!;
        consumer.Ready = count;
        batch.AddCommand(new ConsumerCommand(0, count, client.Number, CommandKind.Ready));
        if (!consumer.IsReady)
            client.Output.Flush();
    }

    private ParseStep TakeClose()
    {
        if (client.State != ConnectionState.Subscribed)
            return FailWith(ProtocolError.InvalidState(CommandVerb.Cls));
        SetReady(0);
        client.State = ConnectionState.Closing;
        batch.AddResponse(CloseWait);
        return ParseStep.Next;
    }

    private ParseStep TakeSubscribe(CommandLine line)
    {
        if (client.State != ConnectionState.Init)
            return FailWith(ProtocolError.InvalidState(CommandVerb.Sub));
        if (client.Settings.HeartbeatInterval == 0)
            return FailWith(ProtocolError.SubWithoutHeartbeats);
        if (!line.TryReadToken(out ReadOnlySpan<byte> topic) || !line.TryReadToken(out ReadOnlySpan<byte> channel))
            return FailWith(ProtocolError.MissingParameters(CommandVerb.Sub));
        if (!NsqName.IsValid(topic))
            return FailWith(ProtocolError.BadTopic(CommandVerb.Sub, topic));
        if (!NsqName.IsValid(channel))
            return FailWith(ProtocolError.BadChannel(channel));
        client.Topic = Encoding.ASCII.GetString(topic);
        client.Channel = Encoding.ASCII.GetString(channel);
        return ParseStep.Subscribe;
    }

    private ParseStep Identify(in ReadOnlySequence<byte> body)
    {
        if (IdentifyRequest.TryParse(body) is not { } request)
            return FailWith(ProtocolError.IdentifyNotJson);
        bool isPlain = client.Transport.Upgraded is null;
        UpgradeOffer offer = new(
            isPlain && services.Tls.IsEnabled, isPlain && services.Options.Deflate, isPlain && services.Options.Snappy, client.Guard is not null);
        ProtocolError? error = client.Settings.Identify(request, services.Options, offer, out ClientSettings settings, out IdentifyReply? reply);
        if (error is not null)
            return FailWith(error);
        client.Take(settings, isFirst: !_isIdentified);
        _isIdentified = true;
        if (services.Logger.IsEnabled(LogLevel.Information))
            services.Logger.Identified(client.RemoteEndPoint, Quote(settings.ClientId), Quote(settings.Hostname), Quote(settings.UserAgent));
        batch.AddResponse(reply?.ToJson() ?? Ok);
        if (reply is not ({ Tls: true } or { Deflate: true } or { Snappy: true }))
            return ParseStep.Next;
        Agreed = reply;
        return ParseStep.Upgrade;
    }

    // What clients call themselves must not begin a line of the log.
    private static string Quote(string text) => GoQuote.Quote(Encoding.UTF8.GetBytes(text));
}
