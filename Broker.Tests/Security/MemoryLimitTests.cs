using System.Diagnostics;
using System.Globalization;
using Broker.Tests.Running;
using Xunit.Abstractions;

namespace Broker.Tests.Security;

/// <summary><c>--memory-limit</c> on the built executable: publishers wait while memory is short, and nothing fails.</summary>
public sealed class MemoryLimitTests(ITestOutputHelper output)
{
    private const double Tolerance = 1.15;
    private const int Publishers = 4;
    private const int BatchMessages = 20;
    private const int BodySize = 10_000;
    private const long BatchBytes = BatchMessages * BodySize;
    private const string Topic = "load#ephemeral";

    // A limit below what the process needs by itself would hold publishers for ever.
    private static readonly long Limit = 370L << 20;

    // Longer than any pause below the limit: who gets no answer for so long is held.
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(1);

    private long _published;
    private long _highest;

    [Fact]
    public async Task Publishers_wait_while_memory_is_short_and_go_on_when_it_is_not()
    {
        // What an ephemeral topic holds is in memory, whatever the storage is.
        await using BrokerProcess broker = await BrokerProcess.StartAsync($"--memory-limit={Limit}", "--mem-queue-size=1000000000");
        await using NsqSocket consumer = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await consumer.SubscribeAsync(Topic, "c");
        using CancellationTokenSource stop = new();
        Task watching = WatchAsync(broker, stop.Token);
        byte[] batch = NsqCommand.Mpub(Topic, Enumerable.Repeat(new byte[BodySize], BatchMessages));
        Task[] publishing = [.. Enumerable.Range(0, Publishers).Select(_ => PublishAsync(broker, batch, stop.Token))];

        await UntilHeldAsync(broker, publishing);
        long held = Published;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"held with {held * BatchBytes >> 20} MB waiting, {broker.ResidentBytes >> 20} MB resident, {Highest >> 20} MB at most"));
        Assert.InRange(Highest, 0, (long)(Limit * Tolerance));
        Assert.True(held * BatchBytes > Limit / 8, $"publishers are held with only {held * BatchBytes >> 20} MB waiting");

        // Consumers go on, and with what they finish publishers do: as much as the limit goes through.
        long started = Stopwatch.GetTimestamp();
        long consumed = held + (Limit / BatchBytes);
        await ConsumeAsync(consumer, consumed);
        TimeSpan drained = Stopwatch.GetElapsedTime(started);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Limit >> 20} MB more in {drained.TotalSeconds:F1} s, {broker.ResidentBytes >> 20} MB resident, {Highest >> 20} MB at most"));
        await stop.CancelAsync();
        // Publishers that are held yet get their answers when there is room.
        for (Task published = Task.WhenAll(publishing); !published.IsCompleted || consumed < Published;)
        {
            long waiting = Math.Max(0, Published - consumed);
            await (waiting > 0 ? ConsumeAsync(consumer, waiting) : Task.WhenAny(published, Task.Delay(10)));
            consumed += waiting;
        }

        await Task.WhenAll(publishing);
        await watching;
        Assert.InRange(Highest, 0, (long)(Limit * Tolerance));

        // With memory free, nobody is slowed down.
        await using NsqSocket publisher = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        for (int i = 0; i < 20; i++)
        {
            await publisher.SendAsync(batch);
            await publisher.ExpectOkAsync();
        }

        Assert.Contains("MemoryShort", broker.Output);
        Assert.DoesNotContain("Unhandled", broker.Output);
    }

    private static bool IsShort(BrokerProcess broker) => broker.Output.Contains("MemoryShort", StringComparison.Ordinal);

    private long Published => Interlocked.Read(ref _published);

    private long Highest => Interlocked.Read(ref _highest);

    // Every batch is answered with OK, however late.
    private async Task PublishAsync(BrokerProcess broker, byte[] batch, CancellationToken stop)
    {
        await using NsqSocket publisher = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        while (!stop.IsCancellationRequested)
        {
            await publisher.SendAsync(batch);
            await publisher.ExpectOkAsync();
            Interlocked.Increment(ref _published);
        }
    }

    private async Task WatchAsync(BrokerProcess broker, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            long now = broker.ResidentBytes;
            if (now > Highest)
                Interlocked.Exchange(ref _highest, now);
            await Task.Delay(10, CancellationToken.None);
        }
    }

    private async Task UntilHeldAsync(BrokerProcess broker, Task[] publishing)
    {
        long published = -1;
        // A busy machine may pause for as long before the limit is reached.
        for (long since = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(since) < Stall || !IsShort(broker); await Task.Delay(20))
        {
            if (publishing.FirstOrDefault(task => task.IsCompleted) is { } failed)
                await failed;
            Assert.InRange(Highest, 0, 2 * Limit);
            if (Published != published)
                (published, since) = (Published, Stopwatch.GetTimestamp());
        }
    }

    private static async Task ConsumeAsync(NsqSocket consumer, long batches)
    {
        long messages = batches * BatchMessages;
        await consumer.ReadyAsync(2000);
        while (messages > 0)
        {
            NsqMessage[] some = await consumer.ExpectMessagesAsync((int)Math.Min(100, messages));
            await consumer.SendAsync([.. some.SelectMany(message => NsqCommand.Line($"FIN {message.Id}"))]);
            messages -= some.Length;
        }
    }
}
