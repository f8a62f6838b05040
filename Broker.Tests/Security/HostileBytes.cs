using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Security;

/// <summary>Text-like bytes made of a protocol's own words, broken anywhere, and how a server is to take them: by an answer and an end.</summary>
internal static class HostileBytes
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Bytes by a seed: up to 30 of the words, with up to four bytes changed, cut or added.</summary>
    public static IEnumerable<byte[]> Sample(int count, ulong seed, params string[] words)
    {
        Gen<byte[]> word = Gen.Frequency(
            (9, Gen.Elements(words).Select(Encoding.Latin1.GetBytes)),
            (1, Gen.ArrayOf(Gen.Choose(0, 255).Select(static value => (byte)value))));
        Gen<byte[]> text =
            from parts in Gen.ListOf(word)
            from changes in Gen.ArrayOf(Gen.Choose(0, int.MaxValue - 1), 4)
            from kinds in Gen.ArrayOf(Gen.Choose(0, 5), 4)
            select Change([.. parts.SelectMany(static part => part)], changes, kinds);
        for (int i = 0; i < count; i++)
            yield return text.Sample(30, new Rnd(seed + (ulong)i), 1).First();
    }

    /// <summary>Sends, says that it is all, and waits for the server's end: a connection that stays open is a hang.</summary>
    public static async Task SpeakAsync(EndPoint server, byte[] bytes)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using CancellationTokenSource patience = new(Patience);
        byte[] sink = new byte[16 * 1024];
        try
        {
            await socket.ConnectAsync(server, patience.Token);
            int cut = bytes.Length / 2;
            await socket.SendAsync(bytes.AsMemory(0, cut), patience.Token);
            await socket.SendAsync(bytes.AsMemory(cut), patience.Token);
            socket.Shutdown(SocketShutdown.Send);
            while (await socket.ReceiveAsync(sink, patience.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Closed with bytes of ours unread.
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The server hangs on: {Conversations.Show(bytes)}");
        }
    }

    private static byte[] Change(byte[] bytes, int[] changes, int[] kinds)
    {
        for (int i = 0; i < changes.Length && bytes.Length > 0; i++)
        {
            int at = changes[i] % bytes.Length;
            bytes = kinds[i] switch
            {
                0 => bytes[..at],
                1 => [.. bytes[..at], (byte)changes[i], .. bytes[at..]],
                2 => [.. bytes[..at], (byte)changes[i], .. bytes[(at + 1)..]],
                _ => bytes,
            };
        }
        return bytes;
    }
}
