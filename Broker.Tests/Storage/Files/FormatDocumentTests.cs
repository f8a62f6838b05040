using System.Text;
using System.Text.RegularExpressions;
using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Running;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Storage.Files;

/// <summary><c>docs/formats.md</c> shows the files of a data path as they are written, and what it shows can be read.</summary>
public sealed partial class FormatDocumentTests
{
    private const long Published = 1_764_201_600_000_000_000;
    private const long Due = 1_764_205_200_000;
    private const long Died = 1_764_201_900_000;

    private static readonly string[] NotShown = ["lock", "owner"];

    [Fact]
    public async Task The_document_shows_each_file_as_it_is_written()
    {
        using TemporaryFolder folder = new();
        await WriteExampleAsync(folder.Path);
        string[] files = [.. Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder.Path, file))];
        Dictionary<string, string> documented = await DocumentedAsync();

        Assert.Equal(files.Except(NotShown).Order(StringComparer.Ordinal), documented.Keys.Order(StringComparer.Ordinal));
        Assert.All(documented, file => Assert.Equal(HexDump.Of(File.ReadAllBytes(Path.Combine(folder.Path, file.Key))), file.Value));
    }

    [Fact]
    public async Task What_the_document_shows_is_read()
    {
        using TemporaryFolder folder = new();
        foreach ((string file, string dump) in await DocumentedAsync())
        {
            string path = Path.Combine(folder.Path, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, HexDump.Read(dump));
        }

        await using FileMessageStore store = await OpenAsync(folder.Path);
        ITopicLog log = (await store.OpenTopicAsync("orders", create: false))!;
        Assert.Equal(1, log.Generation);
        Assert.Equal(3, log.NextOffset);
        Assert.Equal(new ChannelRecord("archive", 1, 0, false), Assert.Single(log.Record.Channels));
        Assert.Equal(SequenceVerdict.InLog, log.PublisherSequences[7].Judge(2));
        LogRead read = await log.ReadAsync(0, 3, 1 << 20);
        Assert.Equal(["hello", "world", "later"], read.Batches.SelectMany(Bodies));
        Assert.Equal(Due, Assert.Single(Assert.Single(await log.ReadDeferredAsync(0, 3)).DueTimes));
        await using IChannelProgress progress = await store.OpenChannelAsync("orders", 1, "archive", 1);
        ChannelState state = (await progress.LoadAsync())!;
        Assert.Equal(3, state.Floor);
        Assert.Empty(state.Finished);
        Assert.Equal([new MessageState(2, 1, Due, true)], state.Messages);
        DeadLetter letter = Assert.Single((await progress.ReadDeadAsync(0, state.Dead.End, 1 << 20)).Letters);
        Assert.Equal((1L, 3, Died), (letter.Offset, (int)letter.Attempts, letter.Time));
        Assert.Equal((DeadCause.TimedOut, "127.0.0.1:1234", "mailer"), (letter.Cause, letter.Address, letter.ClientId));
        Assert.Equal(["world"], Bodies(letter.Message));
        Assert.Equal(["later"], Bodies((await progress.ReadKeptAsync(2))!));
    }

    private static async Task WriteExampleAsync(string path)
    {
        await using FileMessageStore store = await OpenAsync(path);
        ITopicLog log = (await store.OpenTopicAsync("orders", create: true))!;
        await log.SaveRecordAsync(new TopicRecord { NextIncarnation = 2, Channels = [new ChannelRecord("archive", 1, 0, false)] });
        await log.AppendAsync(MessageBatch.Create(Published, "hello"u8.ToArray(), "world"u8.ToArray()).At(0), publisher: 7, sequence: 1, lowest: 1);
        MessageBatch later = MessageBatch.Create(Published, "later"u8.ToArray());
        MessageBatch deferred = new() { BaseOffset = 2, Count = 1, Records = later.Records, DueTimes = [Due] };
        await log.AppendAsync(deferred, publisher: 7, sequence: 2, lowest: 2);
        await using IChannelProgress progress = await store.OpenChannelAsync("orders", log.Generation, "archive", 1);
        progress.Note(new ProgressEntry(ProgressKind.Finished, 0, 1));
        progress.Note(new ProgressEntry(ProgressKind.Floor, 1));
        progress.Note(new ProgressEntry(ProgressKind.Attempts, 1, 0, 3));
        await progress.FlushAsync();
        await progress.KeepAsync(later.At(2), attempts: 1, Due);
        await progress.BuryAsync([new DeadLetter
        {
            Number = 0,
            Offset = 1,
            Attempts = 3,
            Cause = DeadCause.TimedOut,
            Time = Died,
            Address = "127.0.0.1:1234",
            ClientId = "mailer",
            Record = MessageBatch.Create(Published, "world"u8.ToArray()).Records,
        }]);
    }

    private static Task<FileMessageStore> OpenAsync(string path) =>
        FileMessageStore.OpenAsync(new StorageOptions { DataPath = path }, NullLogger.Instance, TimeProvider.System);

    private static IEnumerable<string> Bodies(MessageBatch batch)
    {
        int position = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            yield return Encoding.UTF8.GetString(batch.BodyAt(position).Span);
            position += batch.SizeAt(position);
        }
    }

    private static async Task<Dictionary<string, string>> DocumentedAsync() =>
        Dump().Matches(await File.ReadAllTextAsync(Solution.PathOf("docs/formats.md"))).ToDictionary(dump => dump.Groups[1].Value, dump => dump.Groups[2].Value);

    [GeneratedRegex(@"^\$ hexdump -C (\S+)\n((?:[0-9a-f*].*\n)+)", RegexOptions.Multiline)]
    private static partial Regex Dump();
}
