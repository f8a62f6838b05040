using System.Text;
using Broker.Protocol;

namespace Broker.Tests.Protocol;

public sealed class FrameTests
{
    [Fact]
    public void The_fixed_frames_are_what_writing_makes()
    {
        Assert.Equal(Written("OK"), Frame.Ok.ToArray());
        Assert.Equal(Written("_heartbeat_"), Frame.Heartbeat.ToArray());
        Assert.Equal(Convert.FromHexString("0000000F000000005F6865617274626561745F"), Frame.Heartbeat.ToArray());
    }

    [Fact]
    public void A_message_has_time_attempts_id_and_body()
    {
        byte[] frame = new byte[MessageFrame.HeaderSize + 2];
        MessageFrame.WriteHeader(frame, 0x0102030405060708, 0x090a, 0xfedcba9876543210, 2);
        "hi"u8.CopyTo(frame.AsSpan(MessageFrame.HeaderSize));
        Assert.Equal(
            "0000002000000002" + "0102030405060708" + "090A" + Convert.ToHexString("fedcba9876543210"u8) + "6869", Convert.ToHexString(frame));
    }

    private static byte[] Written(string data)
    {
        byte[] frame = new byte[Frame.HeaderSize + data.Length];
        Assert.Equal(frame.Length, Frame.Write(frame, FrameType.Response, Encoding.ASCII.GetBytes(data)));
        return frame;
    }
}
