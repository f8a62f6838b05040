using Broker.Messages;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Storage.SimulatedDisk;

namespace Broker.Tests.Storage.Files;

public sealed class SegmentListTests
{
    private readonly SimulatedFiles _files = new(seed: 1);
    private readonly SegmentList _segments = new([]);

    public SegmentListTests() => _files.CreateDirectory("/data/t");

    [Fact]
    public void Readers_see_what_is_committed_and_nothing_else()
    {
        Segment segment = Add(0);
        Assert.Empty(Locate(0, 10));

        Commit(segment, 0, 2);
        Commit(segment, 5, 1);

        Assert.Equal((0, 6), (_segments.Start, _segments.End));
        Assert.Equal(segment, Assert.Single(Locate(1, 10)).Segment);
        // There is no mark between the two: what is below has to be walked.
        Assert.Equal(default, _segments.CountBelow(5, out SegmentPart? rest));
        Assert.Equal(new SegmentPart(segment, FileHeader.Size, segment.Index.Length), rest);
        Assert.Equal(new LogCount(3, 0, 6), _segments.CountBelow(6, out rest));
        Assert.Null(rest);
    }

    [Fact]
    public void Only_sealed_segments_that_are_wholly_below_are_trimmed()
    {
        Segment first = Add(0);
        Commit(first, 0, 10);
        Segment second = Add(10);
        Assert.Empty(_segments.Trim(10));
        Commit(second, 10, 10);

        Assert.Empty(_segments.Trim(9));
        Assert.Equal([first], _segments.Trim(20));
        Assert.True(first.IsRemoved);
        Assert.Equal(10, _segments.Start);
        Assert.Equal([second], _segments.All());
    }

    [Fact]
    public void What_could_not_be_synced_is_written_again_by_the_next_sync()
    {
        Segment segment = Add(0);
        Commit(segment, 0, 10);
        DirtySegments failed = _segments.TakeDirty(isOneByOne: true);
        Assert.True(failed.IsDirectoryDirty);
        Assert.False(Assert.Single(failed.Segments).MustRewrite);
        Assert.Empty(_segments.TakeDirty(isOneByOne: true).Segments);
        _segments.PutBack(failed);

        DirtySegments again = _segments.TakeDirty(isOneByOne: true);
        Assert.True(again.IsDirectoryDirty);
        Assert.True(Assert.Single(again.Segments).MustRewrite);
        _segments.MarkSynced(again);
        _segments.MarkDirty(segment);
        Assert.Equal(new DirtySegment(segment, segment.Index.Length, segment.Index.Length, false), Assert.Single(_segments.TakeDirty(isOneByOne: true).Segments));
    }

    private Segment Add(long baseOffset)
    {
        Segment segment = Segment.Create(_files, "/data/t", new SegmentPlace(1, baseOffset));
        _segments.Add(segment);
        return segment;
    }

    private void Commit(Segment segment, long offset, int count)
    {
        MessageBatch batch = MessageBatch.Create(1, [.. Enumerable.Repeat(new byte[2], count)]).At(offset);
        FileAppend append = new FileAppends().Rent();
        append.Begin(batch, publisher: 0, sequence: 0, lowest: 0, epoch: 1, started: 0);
        append.Header = BatchHeader.Of(batch, epoch: 1, publisher: 0, sequence: 0, lowest: 0);
        append.Segment = segment;
        append.Position = segment.Index.Length;
        _segments.Commit([append], syncEvery: 0);
    }

    private List<SegmentPart> Locate(long from, long to) => _segments.Locate(from, ref to, out _);
}
