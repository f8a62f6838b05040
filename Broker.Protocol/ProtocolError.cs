using System.Text;

namespace Broker.Protocol;

/// <summary>An error frame's data: every text that a client of nsqd can get, to the letter (spec 1.6).</summary>
public sealed class ProtocolError
{
    private ProtocolError(byte[] data, bool isFatal = true)
    {
        Data = data;
        IsFatal = isFatal;
    }

    private ProtocolError(string text, bool isFatal = true)
        : this(Encoding.UTF8.GetBytes(text), isFatal)
    {
    }

    /// <summary>The connection did not begin with the magic of the protocol.</summary>
    public static ProtocolError BadProtocol { get; } = new("E_BAD_PROTOCOL");

    /// <summary>A message id that is not 16 bytes long.</summary>
    public static ProtocolError InvalidMessageId { get; } = new("E_INVALID invalid message ID");

    /// <summary>SUB of a client that has heartbeats switched off.</summary>
    public static ProtocolError SubWithoutHeartbeats { get; } = new("E_INVALID cannot SUB with heartbeats disabled");

    /// <summary>AUTH with parameters.</summary>
    public static ProtocolError AuthParameters { get; } = new("E_INVALID AUTH invalid number of parameters");

    /// <summary>AUTH where there is no auth server.</summary>
    public static ProtocolError AuthDisabled { get; } = new("E_AUTH_DISABLED AUTH disabled");

    /// <summary>AUTH of a client that is logged in.</summary>
    public static ProtocolError AuthAlreadySet { get; } = new("E_INVALID AUTH already set");

    /// <summary>Nobody could say what the client may do; why is not for the client to know.</summary>
    public static ProtocolError AuthFailed { get; } = new("E_AUTH_FAILED AUTH failed");

    /// <summary>AUTH of a client that may do nothing.</summary>
    public static ProtocolError NoAuthorizations { get; } = new("E_UNAUTHORIZED AUTH no authorizations found");

    /// <summary>An IDENTIFY body that is not the JSON it should be.</summary>
    public static ProtocolError IdentifyNotJson { get; } = new("E_BAD_BODY IDENTIFY failed to decode JSON body");

    /// <summary>Both compressions at once.</summary>
    public static ProtocolError BothCompressions { get; } =
        new("E_IDENTIFY_FAILED cannot enable both deflate and snappy compression");

    /// <summary>An MPUB that ends before the number of its messages.</summary>
    public static ProtocolError UnreadableMessageCount { get; } = new("E_BAD_BODY MPUB failed to read message count");

    /// <summary>All codes that there are, ordered (ordinal); the last stands for any other.</summary>
    public static IReadOnlyList<string> Codes { get; } =
    [
        "E_AUTH_DISABLED", "E_AUTH_FAILED", "E_AUTH_FIRST", "E_BAD_BODY", "E_BAD_CHANNEL", "E_BAD_MESSAGE", "E_BAD_PROTOCOL", "E_BAD_TOPIC",
        "E_DPUB_FAILED", "E_FIN_FAILED", "E_IDENTIFY_FAILED", "E_INVALID", "E_MPUB_FAILED", "E_PUB_FAILED", "E_REQ_FAILED", "E_SUB_FAILED",
        "E_TOUCH_FAILED", "E_UNAUTHORIZED", "other",
    ];

    /// <summary>Code and text.</summary>
    public byte[] Data { get; }

    /// <summary>Index of the code in <see cref="Codes"/>.</summary>
    public int Code
    {
        get
        {
            int space = Data.AsSpan().IndexOf((byte)' ');
            ReadOnlySpan<byte> code = space < 0 ? Data : Data.AsSpan(0, space);
            for (int i = 0; i < Codes.Count - 1; i++)
            {
                if (Ascii.Equals(code, Codes[i]))
                    return i;
            }
            return Codes.Count - 1;
        }
    }

    /// <summary>Whether the connection is closed behind the frame.</summary>
    public bool IsFatal { get; }

    /// <summary>A command that there is not; the token is shown as it came.</summary>
    public static ProtocolError InvalidCommand(ReadOnlySpan<byte> token) => new([.. "E_INVALID invalid command "u8, .. token]);

    /// <summary>A command that the connection's state does not allow (spec 1.5).</summary>
    public static ProtocolError InvalidState(CommandVerb verb) => new($"E_INVALID cannot {verb.Name()} in current state");

    /// <summary>A command of a client that must use TLS first; the token is shown as it came.</summary>
    public static ProtocolError TlsRequired(ReadOnlySpan<byte> token) => new([.. "E_INVALID cannot "u8, .. token, .. " in current state (TLS required)"u8]);

    /// <summary>A command of a client that must log in first.</summary>
    public static ProtocolError AuthFirst(CommandVerb verb) => new($"E_AUTH_FIRST AUTH required before {verb.Name()}");

    /// <summary>A command that the client may not give.</summary>
    /// <param name="verb">The command.</param>
    /// <param name="topic">A good name.</param>
    /// <param name="channel">A good name; empty for publishes.</param>
    public static ProtocolError Unauthorized(CommandVerb verb, string topic, string channel) =>
        new($"E_UNAUTHORIZED AUTH failed for {verb.Name()} on \"{topic}\" \"{channel}\"");

    /// <summary>TLS or compression was agreed on and did not come about.</summary>
    public static ProtocolError UpgradeFailed(string cause) => new($"E_IDENTIFY_FAILED IDENTIFY failed {cause}");

    /// <summary>A command with too few parameters.</summary>
    public static ProtocolError MissingParameters(CommandVerb verb)
    {
        string noun = verb is CommandVerb.Fin or CommandVerb.Req or CommandVerb.Touch ? "params" : "parameters";
        return new($"E_INVALID {verb.Name()} insufficient number of {noun}");
    }

    /// <summary>A topic's name against the rule. The code of MPUB's text stands there twice.</summary>
    public static ProtocolError BadTopic(CommandVerb verb, ReadOnlySpan<byte> topic)
    {
        string code = verb == CommandVerb.Mpub ? "E_BAD_TOPIC E_BAD_TOPIC" : "E_BAD_TOPIC";
        return new($"{code} {verb.Name()} topic name {GoQuote.Quote(topic)} is not valid");
    }

    /// <summary>A channel's name against the rule.</summary>
    public static ProtocolError BadChannel(ReadOnlySpan<byte> channel) =>
        new($"E_BAD_CHANNEL SUB channel name {GoQuote.Quote(channel)} is not valid");

    /// <summary>A SUB that failed.</summary>
    public static ProtocolError SubFailed(string cause) => new($"E_SUB_FAILED SUB failed {cause}");

    /// <summary>A SUB of a channel that has all the consumers it may have.</summary>
    public static ProtocolError TooManyConsumers(string topic, string channel, int limit) =>
        SubFailed($"consumers for {topic}:{channel} exceeds limit of {limit}");

    /// <summary>The topic or the channel of a SUB was deleted twice while the SUB was under way.</summary>
    public static ProtocolError SubToDeleted { get; } = SubFailed("to deleted topic/channel");

    /// <summary>The delay of a REQ or a DPUB is not a number.</summary>
    public static ProtocolError InvalidDelay(CommandVerb verb, ReadOnlySpan<byte> token) =>
        new([.. Encoding.UTF8.GetBytes($"E_INVALID {verb.Name()} could not parse timeout "), .. token]);

    /// <summary>The delay of a DPUB is greater than allowed; both in milliseconds.</summary>
    public static ProtocolError DelayOutOfRange(ulong delay, long max) =>
        new($"E_INVALID DPUB timeout {delay} out of range 0-{max}");

    /// <summary>RDY's count is not a number.</summary>
    public static ProtocolError InvalidReadyCount(ReadOnlySpan<byte> token) => new([.. "E_INVALID RDY could not parse count "u8, .. token]);

    /// <summary>RDY's count is greater than allowed.</summary>
    public static ProtocolError ReadyOutOfRange(long count, int max) => new($"E_INVALID RDY count {count} out of range 0-{max}");

    /// <summary>The size of a body ended, or stayed away, before its fourth byte.</summary>
    public static ProtocolError UnreadableBodySize(CommandVerb verb) => new($"{BodyCode(verb)} {verb.Name()} failed to read {BodyNoun(verb)} size");

    /// <summary>A body that ended, or stayed away, before its last byte.</summary>
    public static ProtocolError UnreadableBody(CommandVerb verb) => verb == CommandVerb.Mpub
        ? new("E_BAD_MESSAGE MPUB failed to read message body")
        : new($"{BodyCode(verb)} {verb.Name()} failed to read {BodyNoun(verb)}");

    /// <summary>A body's size that is not positive.</summary>
    public static ProtocolError InvalidBodySize(CommandVerb verb, int size) =>
        new($"{BodyCode(verb)} {verb.Name()} invalid {BodyNoun(verb)} size {size}");

    /// <summary>A body of IDENTIFY, AUTH or MPUB that is greater than allowed.</summary>
    public static ProtocolError BodyTooBig(CommandVerb verb, long size, int max) =>
        new($"E_BAD_BODY {verb.Name()} body too big {size} > {max}");

    /// <summary>A message that is greater than allowed.</summary>
    public static ProtocolError MessageTooBig(CommandVerb verb, int size, int max) =>
        new($"E_BAD_MESSAGE {verb.Name()} message too big {size} > {max}");

    /// <summary>A number of messages in an MPUB that cannot be.</summary>
    public static ProtocolError InvalidMessageCount(int count) => new($"E_BAD_BODY MPUB invalid message count {count}");

    /// <summary>The length of an MPUB's message is not positive.</summary>
    public static ProtocolError InvalidMessageSize(int index, int size) =>
        new($"E_BAD_MESSAGE MPUB invalid message({index}) body size {size}");

    /// <summary>An MPUB that ends within a length.</summary>
    public static ProtocolError UnreadableMessageSize(int index) =>
        new($"E_BAD_MESSAGE MPUB failed to read message({index}) body size");

    /// <summary>A publish that failed.</summary>
    public static ProtocolError PublishFailed(CommandVerb verb, string cause) =>
        new($"E_{verb.Name()}_FAILED {verb.Name()} failed {cause}");

    /// <summary>A setting of an IDENTIFY that is out of bounds.</summary>
    /// <param name="setting">Its name in words.</param>
    /// <param name="value">The value as it was asked for.</param>
    public static ProtocolError IdentifyOutOfRange(string setting, long value) =>
        new($"E_BAD_BODY IDENTIFY {setting} ({value}) is invalid");

    /// <summary>A FIN, REQ or TOUCH that failed; the connection goes on.</summary>
    /// <param name="verb">The command.</param>
    /// <param name="id">The id as it came, 16 bytes.</param>
    /// <param name="cause">Why.</param>
    public static ProtocolError CommandFailed(CommandVerb verb, ReadOnlySpan<byte> id, string cause)
    {
        string name = verb.Name();
        return new([.. Encoding.UTF8.GetBytes($"E_{name}_FAILED {name} "), .. id, .. Encoding.UTF8.GetBytes($" failed {cause}")], isFatal: false);
    }

    /// <summary>Code and text, for logs.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Data);

    private static bool IsSinglePublish(CommandVerb verb) => verb is CommandVerb.Pub or CommandVerb.Dpub;

    private static string BodyCode(CommandVerb verb) => IsSinglePublish(verb) ? "E_BAD_MESSAGE" : "E_BAD_BODY";

    private static string BodyNoun(CommandVerb verb) => IsSinglePublish(verb) ? "message body" : "body";
}
