using System.Buffers;

namespace Broker.Protocol;

/// <summary>
/// A command's line, cut at each single space (spec 1.3). It looks into the bytes that it was made of and copies nothing.
/// </summary>
public ref struct CommandLine
{
    /// <summary>Longest line in bytes with its terminator.</summary>
    public const int MaxLength = 16 * 1024;

    private ReadOnlySpan<byte> _rest;
    private bool _hasRest;

    /// <summary>Reads the first token of a line.</summary>
    /// <param name="line">The line without its <c>\n</c>; one <c>\r</c> at its end is left out.</param>
    public CommandLine(ReadOnlySpan<byte> line)
    {
        if (line.EndsWith((byte)'\r'))
            line = line[..^1];
        _rest = line;
        _hasRest = true;
        TryReadToken(out ReadOnlySpan<byte> name);
        Name = name;
        Verb = VerbOf(name);
    }

    /// <summary>The first token as it came.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The command that <see cref="Name"/> stands for; names are case-sensitive.</summary>
    public CommandVerb Verb { get; }

    /// <summary>Whether there are tokens left, empty ones included.</summary>
    public readonly bool HasToken => _hasRest;

    /// <summary>Takes the next token; two spaces make an empty one.</summary>
    public bool TryReadToken(out ReadOnlySpan<byte> token)
    {
        if (!_hasRest)
        {
            token = default;
            return false;
        }
        int space = _rest.IndexOf((byte)' ');
        _hasRest = space >= 0;
        token = _hasRest ? _rest[..space] : _rest;
        _rest = _hasRest ? _rest[(space + 1)..] : default;
        return true;
    }

    /// <summary>Takes the next line off <paramref name="reader"/>, without its <c>\n</c>.</summary>
    /// <param name="reader">Advanced behind the line when there is one.</param>
    /// <param name="line">The line.</param>
    /// <returns>
    /// <see cref="OperationStatus.NeedMoreData"/> when the line is not complete, <see cref="OperationStatus.DestinationTooSmall"/>
    /// when it does not fit <see cref="MaxLength"/>.
    /// </returns>
    public static OperationStatus TryRead(ref SequenceReader<byte> reader, out ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> unread = reader.UnreadSpan;
        int end = unread.IndexOf((byte)'\n');
        if ((uint)end < MaxLength)
        {
            line = unread[..end];
            reader.Advance(end + 1);
            return OperationStatus.Done;
        }
        return TryReadSegmented(ref reader, out line);
    }

    private static OperationStatus TryReadSegmented(ref SequenceReader<byte> reader, out ReadOnlySpan<byte> line)
    {
        // An unfinished line is searched again with every read, but it is never longer than MaxLength.
        ReadOnlySequence<byte> window = reader.UnreadSequence;
        if (window.Length > MaxLength)
            window = window.Slice(0, MaxLength);
        line = default;
        if (window.PositionOf((byte)'\n') is not SequencePosition end)
            return window.Length == MaxLength ? OperationStatus.DestinationTooSmall : OperationStatus.NeedMoreData;

        ReadOnlySequence<byte> found = window.Slice(0, end);
        // A copy, but only of the one line in hundreds that lies across two blocks of the pipe.
        line = found.IsSingleSegment ? found.FirstSpan : found.ToArray();
        reader.Advance(found.Length + 1);
        return OperationStatus.Done;
    }

    private static CommandVerb VerbOf(ReadOnlySpan<byte> name)
    {
        switch (name.Length)
        {
            case 3:
                return name[0] switch
                {
                    (byte)'F' when name.SequenceEqual("FIN"u8) => CommandVerb.Fin,
                    (byte)'P' when name.SequenceEqual("PUB"u8) => CommandVerb.Pub,
                    (byte)'R' when name.SequenceEqual("RDY"u8) => CommandVerb.Rdy,
                    (byte)'R' when name.SequenceEqual("REQ"u8) => CommandVerb.Req,
                    (byte)'N' when name.SequenceEqual("NOP"u8) => CommandVerb.Nop,
                    (byte)'S' when name.SequenceEqual("SUB"u8) => CommandVerb.Sub,
                    (byte)'C' when name.SequenceEqual("CLS"u8) => CommandVerb.Cls,
                    _ => CommandVerb.Unknown,
                };
            case 4:
                return name.SequenceEqual("MPUB"u8) ? CommandVerb.Mpub
                    : name.SequenceEqual("DPUB"u8) ? CommandVerb.Dpub
                    : name.SequenceEqual("AUTH"u8) ? CommandVerb.Auth
                    : CommandVerb.Unknown;
            case 5:
                return name.SequenceEqual("TOUCH"u8) ? CommandVerb.Touch : CommandVerb.Unknown;
            case 8:
                return name.SequenceEqual("IDENTIFY"u8) ? CommandVerb.Identify : CommandVerb.Unknown;
            default:
                return CommandVerb.Unknown;
        }
    }
}
