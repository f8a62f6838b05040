using System.Text;

namespace Broker.Protocol.Lookup;

/// <summary>REGISTER or UNREGISTER of a topic or a channel.</summary>
/// <param name="IsRegister">Which of the two.</param>
/// <param name="Topic">Name of the topic.</param>
/// <param name="Channel">Name of the channel; null for the topic itself.</param>
public readonly record struct LookupCommand(bool IsRegister, string Topic, string? Channel)
{
    /// <summary>The command's line.</summary>
    public byte[] ToLine() => Encoding.ASCII.GetBytes($"{(IsRegister ? "REGISTER" : "UNREGISTER")} {Topic}{(Channel is null ? "" : " ")}{Channel}\n");
}
