using System.Net;
using System.Net.Sockets;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Security;

/// <summary>Text-like bytes made of a protocol's own words, broken anywhere, and how a server is to take them: by an answer and an end.</summary>
internal static class HostileBytes
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

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

    /// <summary>Sends and reads at once, says that it is all, and waits for the server's end: a connection that stays open is a hang.</summary>
    /// <param name="server">The server.</param>
    /// <param name="bytes">All that is sent.</param>
    /// <param name="patience">When it counts as a hang; a minute unless given.</param>
    public static async Task SpeakAsync(EndPoint server, byte[] bytes, TimeSpan? patience = null)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using CancellationTokenSource hang = new(patience ?? Patience);
        byte[] sink = new byte[16 * 1024];
        try
        {
            await socket.ConnectAsync(server, hang.Token);
            Task sending = SendAllAsync(socket, bytes, hang.Token);
            while (await socket.ReceiveAsync(sink, hang.Token) > 0)
            {
            }
            await sending;
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

    private static async Task SendAllAsync(Socket socket, byte[] bytes, CancellationToken cancellation)
    {
        try
        {
            await socket.SendAsync(bytes.AsMemory(0, bytes.Length / 2), cancellation);
            await socket.SendAsync(bytes.AsMemory(bytes.Length / 2), cancellation);
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The server had enough before all was sent.
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
