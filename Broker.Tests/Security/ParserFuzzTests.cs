using System.Buffers;
using Broker.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Security;

/// <summary>The parsers by themselves: they end, they do not throw, and how the bytes are cut makes no difference.</summary>
public sealed class ParserFuzzTests
{
    [Fact]
    public void A_command_line_is_the_same_however_it_is_cut() =>
        Prop.ForAll(Conversations.Arbitrary, static bytes => Lines(new ReadOnlySequence<byte>(bytes)).SequenceEqual(Lines(Cut(bytes))))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void An_MPUB_is_the_same_however_it_arrives() =>
        Prop.ForAll<byte[], byte>(static (bytes, cut) =>
        {
            byte[] body = [0, 0, 0, (byte)(bytes.Length + 4), 0, 0, 0, 3, .. bytes];
            MultiPublishBody atOnce = new(100, 1000);
            OperationStatus whole = atOnce.Advance(new ReadOnlySequence<byte>(body), out ProtocolError? expected);
            MultiPublishBody inParts = new(100, 1000);
            OperationStatus status = OperationStatus.NeedMoreData;
            ProtocolError? error = null;
            for (int length = 0; length <= body.Length && status == OperationStatus.NeedMoreData; length += 1 + (cut % 7))
                status = inParts.Advance(new ReadOnlySequence<byte>(body, 0, length), out error);
            if (status == OperationStatus.NeedMoreData)
                status = inParts.Advance(new ReadOnlySequence<byte>(body), out error);
            return status == whole && error?.ToString() == expected?.ToString();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_IDENTIFY_body_is_read_or_refused() =>
        Prop.ForAll<byte[]>(static bytes =>
        {
            _ = IdentifyRequest.TryParse(new ReadOnlySequence<byte>(bytes));
            _ = IdentifyRequest.TryParse(new ReadOnlySequence<byte>([.. "{\"client_id\":\""u8, .. bytes, .. "\"}"u8]));
            return true;
        }).QuickCheckThrowOnFailure();

    private static List<string> Lines(ReadOnlySequence<byte> sequence)
    {
        List<string> lines = [];
        SequenceReader<byte> reader = new(sequence);
        OperationStatus status;
        while ((status = CommandLine.TryRead(ref reader, out ReadOnlySpan<byte> line)) == OperationStatus.Done)
        {
            CommandLine command = new(line);
            lines.Add($"{command.Verb}{Convert.ToHexString(line)}");
            while (command.TryReadToken(out ReadOnlySpan<byte> token))
                lines.Add(Convert.ToHexString(token));
        }
        lines.Add($"{status}");
        return lines;
    }

    private static ReadOnlySequence<byte> Cut(byte[] bytes)
    {
        Segment first = new(bytes.AsMemory(0, bytes.Length / 3), null);
        Segment last = first;
        for (int i = bytes.Length / 3; i < bytes.Length; i += 5)
            last = new Segment(bytes.AsMemory(i, Math.Min(5, bytes.Length - i)), last);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
