using System.Buffers;
using System.Text;
using Broker.Protocol.Client;

namespace Broker.Tests.Protocol.Client;

public sealed class CommandWriterTests
{
    private static ReadOnlySpan<byte> Id => "0123456789abcdef"u8;

    [Fact]
    public void Lines_without_a_body()
    {
        Assert.Equal("SUB topic chan#ephemeral\n", Text(output => output.WriteSubscribe("topic", "chan#ephemeral")));
        Assert.Equal("RDY 0\n", Text(output => output.WriteReady(0)));
        Assert.Equal("RDY 2147483647\n", Text(output => output.WriteReady(int.MaxValue)));
        Assert.Equal("FIN 0123456789abcdef\n", Text(output => output.WriteFinish(Id)));
        Assert.Equal("REQ 0123456789abcdef 0\n", Text(output => output.WriteRequeue(Id, TimeSpan.Zero)));
        Assert.Equal("REQ 0123456789abcdef 90000\n", Text(output => output.WriteRequeue(Id, TimeSpan.FromMinutes(1.5))));
        Assert.Equal("TOUCH 0123456789abcdef\n", Text(output => output.WriteTouch(Id)));
        Assert.Equal("CLS\n", Text(output => output.WriteClose()));
        Assert.Equal("NOP\n", Text(output => output.WriteNop()));
    }

    [Fact]
    public void Commands_with_a_body()
    {
        Assert.Equal("IDENTIFY\n\0\0\0\u0002{}", Text(output => output.WriteIdentify("{}"u8)));
        Assert.Equal("AUTH\n\0\0\0\u0006secret", Text(output => output.WriteAuth("secret"u8)));
        Assert.Equal("PUB topic\n\0\0\0\u0004body", Text(output => output.WritePublish("topic", "body"u8)));
        Assert.Equal("DPUB topic 1500\n\0\0\0\u0004body",
            Text(output => output.WriteDeferredPublish("topic", TimeSpan.FromSeconds(1.5), "body"u8)));
        Assert.Equal("MPUB topic\n\0\0\0\u000F\0\0\0\u0002\0\0\0\u0001a\0\0\0\u0002bc",
            Text(output => output.WriteMultiPublish("topic", ["a"u8.ToArray(), "bc"u8.ToArray()])));
    }

    [Fact]
    public void Finish_announces_its_size()
    {
        ArrayBufferWriter<byte> output = new();
        output.WriteFinish(Id);
        Assert.Equal(CommandWriter.FinishSize, output.WrittenCount);
    }

    [Fact]
    public void What_no_server_could_understand_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Text(output => output.WriteFinish("short"u8)));
        Assert.Throws<ArgumentException>(() => Text(output => output.WriteTouch([])));
        Assert.Throws<ArgumentException>(() => Text(output => output.WriteRequeue("0123456789abcdef0"u8, TimeSpan.Zero)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Text(output => output.WriteRequeue(Id, TimeSpan.FromMilliseconds(-1))));
        Assert.Throws<ArgumentOutOfRangeException>(() => Text(output => output.WriteReady(-1)));
    }

    [Fact]
    public void Writing_allocates_nothing()
    {
        ArrayBufferWriter<byte> output = new(1 << 16);
        ReadOnlyMemory<byte>[] bodies = [new byte[100], new byte[100]];
        Write();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Write();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Write()
        {
            output.ResetWrittenCount();
            output.WriteFinish(Id);
            output.WriteReady(2500);
            output.WriteRequeue(Id, TimeSpan.FromSeconds(1));
            output.WritePublish("topic", Id);
            output.WriteMultiPublish("topic", bodies);
        }
    }

    [Fact]
    public void Settings_go_out_under_their_wire_names_and_without_what_was_not_asked_for()
    {
        IdentifyRequest request = new() { ClientId = "me", OutputBufferSize = -1, TlsV1 = false };
        Assert.Equal("""{"client_id":"me","feature_negotiation":true,"output_buffer_size":-1,"tls_v1":false}""",
            Encoding.UTF8.GetString(request.ToJson()));
    }

    [Fact]
    public void The_reply_to_the_settings_is_read()
    {
        IdentifyReply? reply = IdentifyReply.Parse("""{"max_rdy_count":2500,"version":"1.3.0","snappy":true,"new":[1]}"""u8);
        Assert.Equal(new IdentifyReply { MaxRdyCount = 2500, Version = "1.3.0", Snappy = true }, reply);
        Assert.Null(IdentifyReply.Parse("OK"u8));
    }

    private static string Text(Action<ArrayBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }
}
