using System.Buffers.Binary;
using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;

namespace Broker.Tests.Storage.Files;

/// <summary>A data path of nsqd is taken over with all that is in it.</summary>
public sealed class NsqdImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedLog _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_channel_gets_its_own_messages_and_the_topics_own_go_to_all()
    {
        Write("nsqd.dat", """{"topics":[{"name":"t","paused":false,"channels":[{"name":"b","paused":true},{"name":"a","paused":false}]},{"name":"p","paused":true,"channels":[{"name":"c","paused":false}]},{"name":"empty","paused":false,"channels":null}],"version":"1.3.0"}""");
        Queue("t:a", read: (0, 0), [Message("a0", 3), Message("a1")], [Message("a2", 65535)]);
        Queue("t:b", read: (1, 4 + 26 + 2), [Message("b0")], [Message("b1"), Message("b2")]);
        Queue("t", read: (0, 0), [Message("t0"), Message("t1")]);
        Queue("p", read: (0, 0), [Message("p0")]);
        Queue("p:c", read: (0, 0), [Message("c0")]);
        Dictionary<string, byte[]> before = FilesIn(_folder.Path);

        await using (FileMessageStore store = await OpenAsync())
        {
            Assert.Equal(["empty", "p", "t"], await store.ListTopicsAsync());
            ITopicLog log = (await store.OpenTopicAsync("t", create: false))!;
            Assert.Equal([("a", false), ("b", true)], log.Record.Channels.Select(channel => (channel.Name, channel.Paused)));
            Assert.Null(log.Record.Cursor);
            Assert.Equal(3, log.Record.NextIncarnation);
            Assert.Equal(["a0", "a1", "a2", "t0", "t1"], await UnfinishedAsync(store, log, "a", 1, log.End));
            Assert.Equal(["b2", "t0", "t1"], await UnfinishedAsync(store, log, "b", 2, log.End));
            ChannelState state = (await (await store.OpenChannelAsync("t", log.Generation, "a", 1)).LoadAsync())!;
            Assert.Equal([new MessageState(0, 3, 0, false), new MessageState(2, 65535, 0, false)], state.Messages);

            ITopicLog paused = (await store.OpenTopicAsync("p", create: false))!;
            Assert.True(paused.Record.Paused);
            Assert.Equal(1, paused.Record.Cursor);
            Assert.Equal(["c0"], await UnfinishedAsync(store, paused, "c", 1, paused.Record.Cursor!.Value));
            Assert.Equal(2, paused.End);
            Assert.True((await store.OpenTopicAsync("new", create: true))!.Generation > 3);
        }
        string problem = Assert.Single(_log.Problems);
        string aside = Path.Combine(_folder.Path, "nsqd-files-1");
        Assert.Equal($"imported 3 topics, 3 channels and 8 messages from nsqd; its files are now in {aside}", problem);
        // The way back: nsqd may go on with them.
        Dictionary<string, byte[]> after = FilesIn(aside);
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        Assert.All(before, file => Assert.Equal(file.Value, after[file.Key]));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*diskqueue*"));

        await using FileMessageStore again = await OpenAsync();
        Assert.Equal(["empty", "new", "p", "t"], await again.ListTopicsAsync());
        Assert.Single(_log.Problems);
    }

    private static Dictionary<string, byte[]> FilesIn(string folder) =>
        Directory.GetFiles(folder).ToDictionary(static file => Path.GetFileName(file), File.ReadAllBytes);

    [Fact]
    public async Task What_is_damaged_is_reported_and_the_rest_taken_over()
    {
        Write("nsqd.dat", "{\"topics\":[{\"name\":");
        byte[] good = Message("x1");
        Write("x.diskqueue.000000.dat", [.. Message("x0"), .. new byte[] { 0, 0, 0, 5, 1, 2, 3 }]);
        Write("x.diskqueue.000001.dat", good);
        Write("y:z.diskqueue.000000.dat", Message("z0"));
        Write("bad name.diskqueue.000000.dat", Message("no"));
        await using FileMessageStore store = await OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("x", create: false))!;
        Assert.Equal(0, log.Record.Cursor);
        Assert.Equal(2, log.End);
        ITopicLog other = (await store.OpenTopicAsync("y", create: false))!;
        Assert.Equal(["z0"], await UnfinishedAsync(store, other, "z", 1, other.End));
        Assert.Contains(_log.Problems, problem => problem.Contains("nsqd.dat is damaged", StringComparison.Ordinal));
        Assert.Contains(_log.Problems, problem => problem.Contains("x.diskqueue.000000.dat: 7 bytes at 32 are damaged", StringComparison.Ordinal));
        Assert.Contains(_log.Problems, problem => problem.Contains("bad name.diskqueue.000000.dat", StringComparison.Ordinal));
        Assert.Contains(_log.Problems, problem => problem.Contains("x.diskqueue.meta.dat is missing", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(_folder.Path, "nsqd-files-1", "bad name.diskqueue.000000.dat")));
    }

    [Fact]
    public async Task A_topic_of_both_is_refused_with_a_clear_sentence()
    {
        await using (FileMessageStore store = await OpenAsync())
            await store.OpenTopicAsync("t", create: true);
        Queue("t", read: (0, 0), [Message("t0")]);
        StoreException e = await Assert.ThrowsAsync<StoreException>(OpenAsync);
        Assert.StartsWith("topic t is both in nsqd's files and in the broker's own", e.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder.Path, "t.diskqueue.000000.dat")));
    }

    private static byte[] Message(string body, ushort attempts = 0)
    {
        byte[] record = new byte[4 + 26 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(record, 26 + body.Length);
        BinaryPrimitives.WriteInt64BigEndian(record.AsSpan(4), 1_700_000_000_000_000_000);
        BinaryPrimitives.WriteUInt16BigEndian(record.AsSpan(12), attempts);
        Encoding.ASCII.GetBytes("0123456789abcdef").CopyTo(record, 14);
        Encoding.ASCII.GetBytes(body).CopyTo(record, 30);
        return record;
    }

    /// <summary>What a channel would deliver of the log up to an offset.</summary>
    private static async Task<List<string>> UnfinishedAsync(FileMessageStore store, ITopicLog log, string channel, long incarnation, long end)
    {
        ChannelState? state = await (await store.OpenChannelAsync(TopicOf(log), log.Generation, channel, incarnation)).LoadAsync();
        List<string> bodies = [];
        foreach (MessageBatch batch in (await log.ReadAsync(0, end, int.MaxValue)).Batches)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                long offset = batch.BaseOffset + i;
                if (offset >= end || offset < (state?.Floor ?? 0) || state?.Finished.Any(range => range.Contains(offset)) == true)
                    continue;
                int position = batch.PositionOf(i);
                Assert.Equal(1_700_000_000_000_000_000, batch.TimestampAt(position));
                bodies.Add(Encoding.ASCII.GetString(batch.BodyAt(position).Span));
            }
        }
        return bodies;

        string TopicOf(ITopicLog opened) => opened.Record.Channels.Any(known => known.Name == "c") ? "p"
            : opened.Record.Channels.Any(known => known.Name == "z") ? "y" : "t";
    }

    private void Queue(string name, (int File, int Position) read, params byte[][][] files)
    {
        for (int i = 0; i < files.Length; i++)
            Write($"{name}.diskqueue.{i:D6}.dat", [.. files[i].SelectMany(message => message)]);
        Write($"{name}.diskqueue.meta.dat", $"9\n{read.File},{read.Position}\n{files.Length - 1},{files[^1].Sum(message => message.Length)}\n");
    }

    private void Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private void Write(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder.Path, name), bytes);

    private Task<FileMessageStore> OpenAsync() =>
        FileMessageStore.OpenAsync(new StorageOptions { DataPath = _folder.Path }, _log, TimeProvider.System);
}
