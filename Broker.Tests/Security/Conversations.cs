using System.Text;
using Broker.Tests.Running;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Security;

/// <summary>Generators of what a client might send: good commands, broken ones, and good ones with bytes changed.</summary>
internal static class Conversations
{
    private static readonly Gen<string> Name = Gen.OneOf(
        Gen.Elements("t", "u", "e#ephemeral", "", "a:b", " ", new string('n', 65), "\u00ff\n", "t\r"),
        Gen.Choose(1, 64).Select(static length => new string('x', length)));

    private static readonly Gen<string> Number = Gen.OneOf(
        Gen.Elements("0", "1", "-1", "2500", "2501", "18446744073709551616", "", "x", "1.5", "3600001"),
        Gen.Choose(0, 100).Select(static value => $"{value}"));

    private static readonly Gen<byte[]> Body = Gen.OneOf(
        Gen.Choose(0, 300).Select(static size => new byte[size]),
        Gen.ArrayOf(Gen.Choose(0, 255).Select(static value => (byte)value)));

    private static readonly Gen<int> Length = Gen.Elements(-1, 0, 1, 3, 100, 1 << 20, (1 << 20) + 1, int.MaxValue, int.MinValue);

    private static readonly Gen<string> Json = Gen.Elements(
        "{}", "{", "null", "[]", "\"\"", """{"feature_negotiation":true}""", """{"heartbeat_interval":-1}""", """{"heartbeat_interval":1e999}""",
        """{"feature_negotiation":true,"snappy":true}""", """{"feature_negotiation":true,"deflate":true,"deflate_level":99}""",
        """{"feature_negotiation":true,"deflate":true,"snappy":true}""", """{"client_id":"\ud800","hostname":null}""",
        """{"sample_rate":99,"msg_timeout":1000,"output_buffer_size":64,"output_buffer_timeout":25}""",
        """{"output_buffer_size":-1}""", new string('[', 2000), """{"a":{"a":{"a":[[[[1]]]]}}}""");

    private static readonly Gen<byte[]> Command = Gen.Frequency(
        (6, from name in Name from body in Body select NsqCommand.WithBody($"PUB {name}", body)),
        (2, from name in Name from delay in Number from body in Body select NsqCommand.WithBody($"DPUB {name} {delay}", body)),
        (4, from name in Name from bodies in Gen.ArrayOf(Body) select NsqCommand.Mpub(name, bodies)),
        (2, from name in Name from length in Length from body in Body select NsqCommand.WithLength($"MPUB {name}", length, body)),
        (2, from name in Name from length in Length from body in Body select NsqCommand.WithLength($"PUB {name}", length, body)),
        (4, from topic in Name from channel in Name select NsqCommand.Line($"SUB {topic} {channel}")),
        (3, Json.Select(NsqCommand.Identify)),
        (1, from length in Length from body in Body select NsqCommand.WithLength("IDENTIFY", length, body)),
        (1, from length in Length from body in Body select NsqCommand.WithLength("AUTH", length, body)),
        (3, Number.Select(static count => NsqCommand.Line($"RDY {count}"))),
        (3, from verb in Gen.Elements("FIN", "TOUCH", "REQ") from id in Gen.Elements("0123456789abcdef", "zzzzzzzzzzzzzzzz", "", "short")
            from delay in Number select NsqCommand.Line($"{verb} {id} {delay}")),
        (2, Gen.Elements("NOP", "CLS", "", " ", "GET / HTTP/1.1", "nop", "RDY", "SUB", "PUB").Select(NsqCommand.Line)),
        (1, Body));

    private static readonly Gen<(byte[] Bytes, int Commands)> Counted =
        from commands in Gen.ListOf(Command)
        from change in Gen.Choose(0, 3)
        from at in Gen.Choose(0, int.MaxValue - 1)
        from value in Gen.Choose(0, 255)
        select (Mutate([.. commands.SelectMany(static command => command)], change, at, (byte)value), commands.Count);

    /// <summary>A connection's bytes from the magic on; shrinks to fewer bytes.</summary>
    public static Arbitrary<byte[]> Arbitrary { get; } = Arb.From(
        Counted.Select(static counted => (byte[])[.. NsqCommand.Magic, .. counted.Bytes]),
        static bytes => bytes.Length <= NsqCommand.Magic.Length
            ? []
            : [bytes[..((bytes.Length / 2) + 2)], bytes[..^1]]);

    /// <summary>Connections by a seed: the same seed, the same bytes.</summary>
    public static IEnumerable<byte[]> Sample(int count, ulong seed) => SampleCounted(count, seed).Select(static counted => counted.Bytes);

    /// <summary>The same, each with the number of commands that its bytes were made of.</summary>
    public static IEnumerable<(byte[] Bytes, int Commands)> SampleCounted(int count, ulong seed)
    {
        for (int i = 0; i < count; i++)
        {
            (byte[] bytes, int commands) = Counted.Sample(30, new Rnd(seed + (ulong)i), 1).First();
            yield return ([.. NsqCommand.Magic, .. bytes], commands);
        }
    }

    /// <summary>Bytes as a failure shows them.</summary>
    public static string Show(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static byte[] Mutate(byte[] bytes, int change, int at, byte value)
    {
        if (bytes.Length == 0)
            return bytes;
        int index = at % bytes.Length;
        switch (change)
        {
            case 1:
                bytes[index] = value;
                return bytes;
            case 2:
                return bytes[..index];
            case 3:
                return [.. bytes[..index], value, .. bytes[index..]];
            default:
                return bytes;
        }
    }
}
