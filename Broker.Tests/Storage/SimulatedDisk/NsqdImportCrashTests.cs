using System.Buffers.Binary;
using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Storage.Files;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>Taking over nsqd's files may be interrupted at any moment: afterwards every message is there, once.</summary>
public sealed class NsqdImportCrashTests
{
    private static readonly StorageOptions Options = new() { DataPath = "/data" };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_crash_midway_neither_loses_nor_doubles(bool powerLoss)
    {
        bool crashed = true;
        for (int moment = 1; crashed; moment++)
        {
            RecordedLog log = new();
            SimulatedFiles disk = new(moment);
            Write(disk, "nsqd.dat", Encoding.UTF8.GetBytes("""{"topics":[{"name":"a","channels":[{"name":"c"},{"name":"d"}]},{"name":"b","channels":null}]}"""));
            Write(disk, "a:c.diskqueue.000000.dat", [.. Message("c0"), .. Message("c1")]);
            Write(disk, "a:d.diskqueue.000000.dat", Message("d0"));
            Write(disk, "b.diskqueue.000000.dat", Message("b0"));
            disk.SyncDirectory("/data");
            disk.CrashIn(moment, powerLoss);
            SimulatedScheduler scheduler = new(moment);
            crashed = !scheduler.Run(() => OpenAsync(scheduler, disk, log), () => disk.AfterCrash is not null);
            SimulatedFiles after = disk.Crash(powerLoss);
            scheduler = new SimulatedScheduler(moment);
            scheduler.Run(() => VerifyAsync(scheduler, after, log), () => false);
        }
    }

    private static async Task<FileMessageStore> OpenAsync(SimulatedScheduler scheduler, SimulatedFiles disk, RecordedLog log) =>
        await FileMessageStore.OpenAsync(Options, log, scheduler.Time, disk, new ScheduledThreads(scheduler));

    private static async Task VerifyAsync(SimulatedScheduler scheduler, SimulatedFiles disk, RecordedLog problems)
    {
        await using FileMessageStore store = await OpenAsync(scheduler, disk, problems);
        Assert.Equal(["a", "b"], await store.ListTopicsAsync());
        ITopicLog a = (await store.OpenTopicAsync("a", create: false))!;
        Assert.Equal(["c0", "c1", "d0"], await BodiesAsync(a));
        Assert.Equal(["c", "d"], a.Record.Channels.Select(channel => channel.Name));
        ChannelState c = (await (await store.OpenChannelAsync("a", a.Generation, "c", 1)).LoadAsync())!;
        Assert.Equal([new OffsetRange(2, 3)], c.Finished);
        ChannelState d = (await (await store.OpenChannelAsync("a", a.Generation, "d", 2)).LoadAsync())!;
        Assert.Equal(2, d.Floor);
        ITopicLog b = (await store.OpenTopicAsync("b", create: false))!;
        Assert.Equal(["b0"], await BodiesAsync(b));
        Assert.DoesNotContain(disk.Files("/data"), file => file.Contains("diskqueue", StringComparison.Ordinal));
    }

    private static async Task<List<string>> BodiesAsync(ITopicLog log)
    {
        List<string> bodies = [];
        foreach (MessageBatch batch in (await log.ReadAsync(0, log.End, int.MaxValue)).Batches)
        {
            for (int i = 0; i < batch.Count; i++)
                bodies.Add(Encoding.ASCII.GetString(batch.BodyAt(batch.PositionOf(i)).Span));
        }
        return bodies;
    }

    private static void Write(SimulatedFiles disk, string name, byte[] bytes)
    {
        using IStorageFile file = disk.Create("/data/" + name);
        file.Write([bytes], 0);
        file.Sync();
    }

    private static byte[] Message(string body)
    {
        byte[] record = new byte[4 + 26 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(record, 26 + body.Length);
        Encoding.ASCII.GetBytes(body).CopyTo(record, 30);
        return record;
    }
}
