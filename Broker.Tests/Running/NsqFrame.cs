using System.Text;

namespace Broker.Tests.Running;

/// <summary>A frame as the broker sent it (spec 1.2).</summary>
public sealed record NsqFrame(int Type, byte[] Data)
{
    public const int Response = 0;
    public const int Error = 1;
    public const int Message = 2;

    private const int ShownBytes = 200;

    /// <summary>The data as text, one character a byte.</summary>
    public string Text => Encoding.Latin1.GetString(Data);

    public bool IsHeartbeat => Type == Response && Data.AsSpan().SequenceEqual("_heartbeat_"u8);

    public override string ToString()
    {
        string name = Type switch { Response => "response", Error => "error", Message => "message", _ => $"frame of type {Type}" };
        string data = Type == Message && Data.Length >= NsqMessage.HeaderSize ? NsqMessage.Parse(Data).ToString() : $"\"{Text}\"";
        return data.Length > ShownBytes ? $"{name} {data[..ShownBytes]}… ({Data.Length} bytes)" : $"{name} {data}";
    }
}
