using System.Globalization;
using Broker.Channels;
using Broker.Silo.Settings;
using Broker.Tests.Running;

namespace Broker.Tests.Durability;

/// <summary>What the log keeps, and for whom (design, 13).</summary>
public sealed class RetentionTests
{
    private const int Bodies = 200;
    private const int Batches = 60;
    private static readonly TimeSpan StragglerAge = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Delay = TimeSpan.FromMinutes(50);

    [Fact]
    public async Task Neither_a_long_deferral_nor_one_requeued_for_ever_keeps_the_log_and_both_come_with_their_ids_after_a_restart()
    {
        string folder = "";
        await using RunningBroker broker = await RunningBroker.StartAsync(
            settings =>
            {
                settings.StorageKind = StorageKind.Files;
                folder = settings.Storage.DataPath;
                settings.Storage.MaxBytesPerFile = 64 * 1024;
                settings.Queue.StragglerAge = StragglerAge;
            },
            virtualTime: true);
        NsqSocket consumer = await SubscribeAsync(broker);
        NsqSocket publisher = await broker.OpenAsync();
        string delay = Delay.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
        await publisher.SendAsync(NsqCommand.Dpub("t", delay, "deferred"));
        await publisher.ExpectOkAsync();
        await publisher.PublishAsync("t", "requeued");
        NsqMessage requeued = await consumer.ExpectMessageAsync("requeued");
        await consumer.RequeueAsync(requeued, (long)Delay.TotalMilliseconds);
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 2);
        PeekReply deferred = await broker.Topic("t").PeekAsync("c", new PeekRequest { Stage = MessageStage.Deferred, Limit = 2, BodyLimit = 0 });
        string id = deferred.Messages.Single(message => message.Attempts == 0).Id.ToString("x16", CultureInfo.InvariantCulture);

        string filler = new('x', 100);
        for (int i = 0; i < Batches; i++)
        {
            await publisher.SendAsync(NsqCommand.Mpub("t", Enumerable.Repeat(filler, Bodies)));
            await publisher.ExpectOkAsync();
            foreach (NsqMessage message in await consumer.ExpectMessagesAsync(Bodies))
                await consumer.FinishAsync(message);
        }
        await broker.UntilAsync("t", "c", stats => stats.Finished == Batches * Bodies);
        int before = Segments(folder);
        Assert.True(before > 10, $"{before} segments");

        // Virtual time runs ahead of the disk, which has copies to sync.
        for (TimeSpan passed = default; Segments(folder) > 3; passed += Step)
        {
            Assert.True(passed < Delay / 2, $"{Segments(folder)} segments are kept");
            await broker.PassAsync(Step, consumer);
        }

        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 2, Depth: 0, InFlight: 0 });
        Assert.InRange(Segments(folder), 1, 3);
        NsqSocket later = await SubscribeAsync(broker);
        await broker.PassAsync(Delay - TimeSpan.FromSeconds(1) - broker.Clock.Elapsed, later);
        await later.ExpectNothingAsync();
        await broker.PassAsync(TimeSpan.FromSeconds(1.1), later);
        NsqMessage[] messages = await later.ExpectMessagesAsync(2);
        Assert.Equal([("deferred", 1, id), ("requeued", 2, requeued.Id)], messages.Select(m => (m.Text, m.Attempts, m.Id)).Order());
        foreach (NsqMessage message in messages)
            await later.FinishAsync(message);
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 0, Depth: 0, InFlight: 0, Finished: 2 });

        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 0, Depth: 0 });
    }

    // Without a buffer, which would wait for time to pass.
    private static async Task<NsqSocket> SubscribeAsync(RunningBroker broker)
    {
        NsqSocket socket = await broker.OpenAsync();
        await socket.IdentifyAsync("""{"output_buffer_size":-1}""");
        await socket.SubscribeAsync("t", "c", ready: 2500);
        return socket;
    }

    private static int Segments(string folder) => Directory.GetFiles(folder, "*.log", SearchOption.AllDirectories).Length;
}
