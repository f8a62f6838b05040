using System.Diagnostics;
using System.Net;
using Broker.Tests.Running;

namespace Broker.Tests.Security;

/// <summary>
/// Clients that send good commands first, so that a connection lives for a while, and then broken, mutated and truncated ones, over one connection
/// after the other.
/// </summary>
/// <param name="broker">Who is to stand it.</param>
/// <param name="seed">The same seed, the same bytes.</param>
/// <param name="rate">Commands a second over all clients; 0 for as many as go.</param>
internal sealed class HostileCampaign(EndPoint broker, int seed, int rate)
{
    private const int AtOnce = 16;
    private const int KnownConversations = 2000;
    private const int GoodCommands = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly (byte[] Bytes, int Commands)[] _conversations = [.. Conversations.SampleCounted(KnownConversations, (ulong)seed)];
    private readonly byte[][] _good =
    [
        NsqCommand.Pub("good", "a body"),
        NsqCommand.Mpub("good", ["one", "two", "three"]),
        NsqCommand.Dpub("good", "10", "later"),
        NsqCommand.Pub("good#ephemeral", "a body"),
        NsqCommand.Line("NOP"),
        NsqCommand.Line("FIN 0123456789abcdef"),
        NsqCommand.Line("REQ 0123456789abcdef 0"),
        NsqCommand.Line("RDY 3"),
    ];
    private long _commands;
    private long _connections;
    private long _started;

    /// <summary>Commands sent, as far as broken ones can be counted.</summary>
    public long Commands => Interlocked.Read(ref _commands);

    /// <summary>Connections made.</summary>
    public long Connections => Interlocked.Read(ref _connections);

    /// <summary>Sends at least so many commands; every connection must be ended by the broker once the client has said that it is done.</summary>
    public Task RunAsync(long commands)
    {
        _started = Stopwatch.GetTimestamp();
        return Task.WhenAll(Enumerable.Range(0, AtOnce).Select(client => Task.Run(async () =>
        {
            Random random = new(HashCode.Combine(seed, client));
            while (Commands < commands)
            {
                await PaceAsync();
                await SpeakAsync(random);
            }
        })));
    }

    private async Task PaceAsync()
    {
        while (rate > 0 && Commands > Stopwatch.GetElapsedTime(_started).TotalSeconds * rate)
            await Task.Delay(5);
    }

    private async Task SpeakAsync(Random random)
    {
        using MemoryStream bytes = new();
        bytes.Write(NsqCommand.Magic);
        int good = random.Next(GoodCommands);
        // Only who has subscribed may answer messages and ask for them.
        bool subscribes = random.Next(2) == 0;
        if (subscribes)
            bytes.Write(NsqCommand.Line($"SUB good c{random.Next(5)}"));
        for (int i = 0; i < good; i++)
            bytes.Write(_good[random.Next(subscribes ? _good.Length : 5)]);
        (byte[] broken, int commands) = _conversations[random.Next(_conversations.Length)];
        broken = broken[NsqCommand.Magic.Length..];
        if (broken.Length > 0)
            broken[random.Next(broken.Length)] ^= (byte)(1 << random.Next(8));
        bytes.Write(broken);
        Interlocked.Increment(ref _connections);
        await HostileBytes.SpeakAsync(broker, bytes.ToArray(), Patience);
        Interlocked.Add(ref _commands, good + commands + (subscribes ? 1 : 0));
    }
}
