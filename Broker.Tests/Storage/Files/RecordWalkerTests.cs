using Broker.Messages;
using Broker.Storage.Files;
using Broker.Tests.Storage.SimulatedDisk;

namespace Broker.Tests.Storage.Files;

public sealed class RecordWalkerTests
{
    private const string Path = "/data/file";

    [Fact]
    public void Damage_between_records_is_told_and_gone_over()
    {
        byte[] first = Block([1, 0, 1], position: 0);
        byte[] second = Block([2, 2], position: first.Length + 5);
        using IStorageFile file = FileOf(first, [9, 9, 9, 9, 9], second, [7]);
        using JournalWalker walker = new(file, incarnation: 3, start: 0, file.Length);

        Assert.True(walker.MoveNext());
        Assert.Equal([1, 0, 1], walker.Entries.ToArray());
        Assert.Equal(0, walker.Skipped.Length);
        Assert.True(walker.MoveNext());
        Assert.Equal([2, 2], walker.Entries.ToArray());
        Assert.Equal(new FileRange(first.Length, 5), walker.Skipped);
        Assert.False(walker.MoveNext());
        Assert.Equal(new FileRange(file.Length - 1, 1), walker.Skipped);
    }

    [Fact]
    public void A_copy_of_a_record_in_another_place_is_none()
    {
        byte[] block = Block([1, 0, 1], position: 0);
        using IStorageFile file = FileOf(block, block);
        using JournalWalker walker = new(file, incarnation: 3, start: 0, file.Length);

        Assert.True(walker.MoveNext());
        Assert.False(walker.MoveNext());
        Assert.Equal(new FileRange(block.Length, block.Length), walker.Skipped);
    }

    [Theory]
    [InlineData(64)]
    [InlineData(1 << 20)]
    public void Records_are_read_whole_whatever_is_read_at_once(int chunk)
    {
        SegmentPlace place = new(1, 0);
        byte[] small = Batch(0, 10, place, position: 0, out byte[] smallRecords);
        byte[] large = Batch(1, 100_000, place, small.Length, out byte[] largeRecords);
        using IStorageFile file = FileOf(small, large);
        using BatchWalker walker = new(file, place, position: 0, file.Length, chunk);

        Assert.True(walker.MoveNext());
        Assert.Equal(smallRecords, walker.ReadRecords());
        Assert.True(walker.MoveNext());
        Assert.True(walker.AreRecordsIntact());
        Assert.Equal(largeRecords, walker.ReadRecords());
        Assert.Equal(file.Length, walker.Next);

        file.Write([new byte[] { 1 }], file.Length - 1);
        using BatchWalker again = new(file, place, small.Length, file.Length, chunk);
        Assert.True(again.MoveNext());
        Assert.False(again.AreRecordsIntact());
        Assert.Null(again.ReadRecords());
    }

    private static byte[] Block(byte[] entries, long position) => [.. JournalBlock.Header(entries, incarnation: 3, position), .. entries];

    private static byte[] Batch(long offset, int bodyBytes, SegmentPlace place, long position, out byte[] records)
    {
        MessageBatch batch = MessageBatch.Create(1, new byte[bodyBytes]).At(offset);
        records = batch.Records;
        BatchHeader header = BatchHeader.Of(batch, epoch: 1, publisher: 0, sequence: 0, lowest: 0);
        byte[] bytes = new byte[header.Size];
        int size = header.Write(bytes, [], place.At(position));
        records.CopyTo(bytes, size);
        return bytes;
    }

    private static IStorageFile FileOf(params byte[][] parts)
    {
        IStorageFile file = new SimulatedFiles(seed: 1).Create(Path);
        file.Write([parts.SelectMany(part => part).ToArray()], 0);
        return file;
    }
}
