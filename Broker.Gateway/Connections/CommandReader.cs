using System.Buffers;
using Broker.Protocol;

namespace Broker.Gateway.Connections;

/// <summary>Reads commands in place from what has come, one after the other, and hands them to the verbs (spec 1.2).</summary>
/// <param name="verbs">What commands do.</param>
/// <param name="services">Limits, and the clock.</param>
internal sealed class CommandReader(CommandVerbs verbs, GatewayServices services)
{
    private CommandVerb _verb;
    private int _bodySize;
    private MultiPublishBody _multi;
    private bool _isTopicAsked;
    private bool _isPublishAllowed;

    /// <summary>What of a command is read next.</summary>
    public ParseStage Stage { get; private set; } = ParseStage.Magic;

    /// <summary>What the MPUB that is being read says of its length; null for any other command.</summary>
    public long? DeclaredMulti => Stage == ParseStage.MultiBody ? _multi.Declared : null;

    /// <summary>Reads all commands that are complete, or up to one that must wait for what is before it.</summary>
    /// <param name="buffer">What has come; what is left of it afterwards.</param>
    /// <param name="commands">How many were complete.</param>
    public ParseStep Read(ref ReadOnlySequence<byte> buffer, out int commands)
    {
        commands = 0;
        bool isStart = Stage == ParseStage.Magic;
        SequenceReader<byte> reader = new(buffer);
        if (!reader.End)
            verbs.Now = services.Time.GetUtcNow();
        ParseStep step;
        while ((step = ReadNext(ref reader)) == ParseStep.Next)
        {
            if (Stage == ParseStage.Line)
                commands++;
        }
        if (isStart && Stage != ParseStage.Magic)
            commands--;
        if (step is ParseStep.Subscribe or ParseStep.Upgrade or ParseStep.Authenticate)
            commands++;
        buffer = buffer.Slice(reader.Position);
        return step;
    }

    /// <summary>Bytes that must come before anything can be done: no error can be seen before the element that is arriving is complete.</summary>
    public long MissingBytes(long available) => Stage switch
    {
        ParseStage.Body => _bodySize - available,
        ParseStage.MultiBody => Math.Max(_multi.Length - available, 1),
        _ => 1,
    };

    /// <summary>The error when nothing more comes of a body.</summary>
    public ProtocolError Truncated(long available) => Stage switch
    {
        ParseStage.BodySize => ProtocolError.UnreadableBodySize(_verb),
        ParseStage.Body => ProtocolError.UnreadableBody(_verb),
        _ => _multi.Truncated(available),
    };

    private ParseStep ReadNext(ref SequenceReader<byte> reader)
    {
        switch (Stage)
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
                if (verbs.MustAskAgain(_verb))
                    return ParseStep.Reauthenticate;
                ReadOnlySequence<byte> body = reader.UnreadSequence.Slice(0, _bodySize);
                reader.Advance(_bodySize);
                Stage = ParseStage.Line;
                return verbs.TakeBody(_verb, body);
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
            return verbs.FailWith(ProtocolError.BadProtocol);
        Stage = ParseStage.Line;
        return verbs.Greet();
    }

    private ParseStep TakeLine(CommandLine line)
    {
        ParseStep step = verbs.Take(line);
        switch (step)
        {
            case ParseStep.Body:
                _verb = line.Verb;
                Stage = ParseStage.BodySize;
                return ParseStep.Next;
            case ParseStep.MultiBody:
                _verb = line.Verb;
                Stage = ParseStage.MultiBody;
                _isTopicAsked = false;
                _isPublishAllowed = false;
                _multi = new MultiPublishBody(verbs.Publisher!.MaxMessageSize, services.Options.MaxBodySize);
                return ParseStep.Next;
            default:
                return step;
        }
    }

    private ParseStep TakeBodySize(int size)
    {
        bool isMessage = _verb is CommandVerb.Pub or CommandVerb.Dpub;
        if (!isMessage && size > services.Options.MaxBodySize)
            return verbs.FailWith(ProtocolError.BodyTooBig(_verb, size, services.Options.MaxBodySize));
        if (size <= 0)
            return verbs.FailWith(ProtocolError.InvalidBodySize(_verb, size));
        if (isMessage && verbs.Publisher!.MaxMessageSize is var limit && size > limit)
            return verbs.FailWith(ProtocolError.MessageTooBig(_verb, size, limit));
        _bodySize = size;
        Stage = ParseStage.Body;
        return ParseStep.Next;
    }

    private ParseStep TakeMultiBody(ref SequenceReader<byte> reader)
    {
        if (!_isPublishAllowed)
        {
            // Before the topic is made and the body is read, unlike a PUB.
            ParseStep access = verbs.CheckMultiPublish();
            if (access == ParseStep.Fail)
                Stage = ParseStage.Line;
            if (access != ParseStep.Next)
                return access;
            _isPublishAllowed = true;
        }
        ReadOnlySequence<byte> body = reader.UnreadSequence;
        switch (_multi.Advance(body, out ProtocolError? error))
        {
            case OperationStatus.Done:
                const int prefix = 2 * sizeof(int);
                verbs.PublishMulti(body.Slice(prefix, _multi.Length - prefix), _multi.Count, (int)_multi.MessageBytes);
                reader.Advance(_multi.Length);
                Stage = ParseStage.Line;
                return ParseStep.Next;
            case OperationStatus.NeedMoreData:
                if (verbs.IsTopicKnown || _isTopicAsked)
                    return ParseStep.NeedData;
                _isTopicAsked = true;
                return ParseStep.CreateTopic;
            default:
                return verbs.FailWith(error!);
        }
    }
}
