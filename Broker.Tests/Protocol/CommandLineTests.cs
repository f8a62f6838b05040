using System.Buffers;
using System.Text;
using Broker.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Protocol;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("NOP", CommandVerb.Nop, "")]
    [InlineData("NOP\r", CommandVerb.Nop, "")]
    [InlineData("FIN\r\r", CommandVerb.Unknown, "")]
    [InlineData("SUB t  c", CommandVerb.Sub, "t||c")]
    [InlineData("REQ id ", CommandVerb.Req, "id|")]
    [InlineData(" NOP", CommandVerb.Unknown, "NOP")]
    [InlineData("nop", CommandVerb.Unknown, "")]
    [InlineData("", CommandVerb.Unknown, "")]
    public void Each_single_space_cuts(string text, CommandVerb verb, string tokens)
    {
        CommandLine line = new(Encoding.ASCII.GetBytes(text));
        Assert.Equal(verb, line.Verb);
        List<string> found = [];
        while (line.TryReadToken(out ReadOnlySpan<byte> token))
            found.Add(Encoding.ASCII.GetString(token));
        Assert.Equal(tokens, string.Join('|', found));
    }

    [Fact]
    public void Every_command_has_its_name()
    {
        foreach (CommandVerb verb in Enum.GetValues<CommandVerb>())
            Assert.Equal(verb, new CommandLine(Encoding.ASCII.GetBytes(verb.Name())).Verb);
    }

    [Fact]
    public void Lines_are_found_across_segments()
    {
        Gen<string> line = Gen.Elements("", "NOP", "PUB topic", "FIN 0123456789abcdef", new string('x', 300));
        var samples = from lines in line.ListOf() from size in Gen.Choose(1, 30) select (Lines: lines.ToArray(), Size: size);
        Prop.ForAll(samples.ToArbitrary(), sample =>
        {
            byte[] bytes = Encoding.ASCII.GetBytes(string.Concat(sample.Lines.Select(text => text + "\n")) + "rest");
            SequenceReader<byte> reader = new(Segments.Of(bytes, sample.Size));
            foreach (string expected in sample.Lines)
            {
                Assert.Equal(OperationStatus.Done, CommandLine.TryRead(ref reader, out ReadOnlySpan<byte> found));
                Assert.Equal(expected, Encoding.ASCII.GetString(found));
            }
            Assert.Equal(OperationStatus.NeedMoreData, CommandLine.TryRead(ref reader, out _));
            Assert.Equal(4, reader.Remaining);
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(CommandLine.MaxLength - 1, true, OperationStatus.Done)]
    [InlineData(CommandLine.MaxLength, true, OperationStatus.DestinationTooSmall)]
    [InlineData(CommandLine.MaxLength - 1, false, OperationStatus.NeedMoreData)]
    [InlineData(CommandLine.MaxLength, false, OperationStatus.DestinationTooSmall)]
    public void A_line_fits_16_KiB_with_its_end(int length, bool ends, OperationStatus expected)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(new string('x', length) + (ends ? "\n" : ""));
        foreach (int size in new[] { bytes.Length, 1000 })
        {
            SequenceReader<byte> reader = new(Segments.Of(bytes, size));
            Assert.Equal(expected, CommandLine.TryRead(ref reader, out _));
        }
    }
}
