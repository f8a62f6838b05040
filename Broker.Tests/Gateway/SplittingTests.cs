using System.Text;
using Broker.Protocol;
using FsCheck;
using FsCheck.Fluent;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

/// <summary>However the same bytes are cut into reads, the same is answered and published.</summary>
public sealed class SplittingTests
{
    private static readonly string[] Commands =
    [
        "NOP\n",
        "NOP\r\n",
        "PUB a\n" + Sized("x"),
        "PUB a\n" + Sized(new string('y', 300)),
        "PUB b\n" + Sized(new string('z', 20_000)),
        "DPUB a 0\n" + Sized("d"),
        "MPUB a\n" + Multi("1", "22", "333"),
        "MPUB c\n" + Number(1) + Number(1) + Sized("short total"),
        "MPUB b\n" + Multi(new string('m', 5_000), "n"),
        "IDENTIFY\n" + Sized("{\"msg_timeout\":5000}"),
        "IDENTIFY\n" + Sized("{\"feature_negotiation\":true}"),
        "SUB s c\n",
        "FIN 0123456789abcdef\n",
        "REQ zzzzzzzzzzzzzzzz 5\n",
        "TOUCH 0000000000000000\n",
        "RDY 5\n",
        "RDY\n",
        "CLS\n",
        // Endings.
        "PUB a:b\n",
        "MPUB a\n" + Number(9) + Number(2) + Sized("k") + Number(-1),
        "DPUB a 99999999999\n",
        "BAD\n",
        "IDENTIFY\n" + Sized("[]"),
        "PUB a\n" + Number(0),
    ];

    [Fact]
    public void Replies_do_not_depend_on_how_the_bytes_are_cut()
    {
        var sessions =
            from commands in Gen.Elements(Commands).ListOf()
            from cuts in Gen.Choose(1, 40).ListOf()
            select (Commands: commands.ToArray(), Cuts: cuts.ToArray());
        Prop.ForAll(sessions.ToArbitrary(), session =>
        {
            string sent = string.Concat(session.Commands);
            string whole = RunAsync(sent, [sent.Length + 4]).GetAwaiter().GetResult();
            string cut = RunAsync(sent, session.Cuts.Length == 0 ? [1] : session.Cuts).GetAwaiter().GetResult();
            Assert.Equal(whole, cut);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    /// <summary>What comes back, and what the topics hold then.</summary>
    private static async Task<string> RunAsync(string sent, int[] cuts)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync("");
        Task<byte[]> replies = client.ReadToEndAsync();
        byte[] bytes = Encoding.Latin1.GetBytes("  V2" + sent);
        try
        {
            for (int position = 0, i = 0; position < bytes.Length; i++)
            {
                // Large pieces behind the first kilobyte, or bodies would take a thousand reads each.
                int size = Math.Min(bytes.Length - position, cuts[i % cuts.Length] * (position > 1024 ? 100 : 1));
                await client.SendAsync(bytes.AsMemory(position, size));
                position += size;
                if (i % 4 == 0)
                    await Task.Delay(1);
            }
            client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        }
        catch (IOException)
        {
            // Refused before the end; the replies tell.
        }
        StringBuilder result = new();
        ReadOnlySpan<byte> rest = await replies;
        while (rest.Length >= Frame.HeaderSize)
        {
            int size = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(rest) + sizeof(int);
            result.Append(Encoding.Latin1.GetString(rest[Frame.HeaderSize..size])).Append('\n');
            rest = rest[size..];
        }
        foreach (string topic in new[] { "a", "b", "c" })
            result.Append(string.Join(',', server.Grains.Topic(topic).Bodies)).Append('\n');
        return result.ToString();
    }
}
