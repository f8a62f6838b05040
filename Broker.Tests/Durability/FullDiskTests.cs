using System.Diagnostics;
using Broker.Tests.Running;

namespace Broker.Tests.Durability;

/// <summary>A disk that is really full, and then is not.</summary>
public sealed class FullDiskTests
{
    private const int Mebibytes = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly string Filler = new('x', 10_000);

    [Fact]
    public async Task Publishing_fails_with_the_cause_and_goes_on_by_itself_and_nothing_acknowledged_is_lost()
    {
        await using BrokerProcess broker = await BrokerProcess.StartOnSmallDiskAsync(Mebibytes, "--max-bytes-per-file=1048576");
        await using NsqSocket consumer = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        await consumer.SubscribeAsync("t", "c");
        HashSet<string> acknowledged = [];
        int next = 0;

        string? error = null;
        NsqSocket publisher = await NsqSocket.OpenAsync(broker.TcpEndPoint);
        while (error is null)
        {
            Assert.True(next < Mebibytes * 200, "the disk is never full");
            error = await PublishAsync(publisher, $"{next++} {Filler}", acknowledged);
        }
        Assert.StartsWith("E_PUB_FAILED PUB failed ", error);
        Assert.Contains("no space left on device", error);
        int whenFull = acknowledged.Count;
        Assert.InRange(whenFull, 500, 1700);

        // What was acknowledged is served while the disk is full, and its end frees whole segments.
        await consumer.ReadyAsync(10);
        HashSet<string> received = [];
        for (int i = 0; i < whenFull; i++)
        {
            NsqMessage message = await consumer.ExpectMessageAsync();
            received.Add(message.Text);
            await consumer.FinishAsync(message);
        }
        Assert.Equal(acknowledged.Order(), received.Order());

        long started = Stopwatch.GetTimestamp();
        do
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, $"publishing goes on failing: {error}");
            await publisher.DisposeAsync();
            publisher = await NsqSocket.OpenAsync(broker.TcpEndPoint);
            error = await PublishAsync(publisher, $"{next++} after", acknowledged);
        }
        while (error is not null);
        await publisher.DisposeAsync();
        Assert.Equal($"{next - 1} after", (await consumer.ExpectMessageAsync()).Text);
        await consumer.ExpectNothingAsync();
    }

    /// <summary>Publishes; gives the error's text, or null when it was acknowledged.</summary>
    private static async Task<string?> PublishAsync(NsqSocket publisher, string body, HashSet<string> acknowledged)
    {
        await publisher.SendAsync(NsqCommand.Pub("t", body));
        NsqFrame frame = await publisher.NextAsync("an answer") ?? throw new InvalidOperationException("The broker closed without an answer.");
        if (frame.Type == NsqFrame.Error)
            return frame.Text;
        Assert.Equal("OK", frame.Text);
        acknowledged.Add(body);
        return null;
    }
}
