namespace Broker.Storage.Files;

/// <summary>A part of a segment that is to be walked.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Position">Where a batch begins.</param>
/// <param name="Limit">Where the part ends.</param>
internal readonly record struct SegmentPart(Segment Segment, long Position, long Limit)
{
    /// <summary>A walker over its batches that reads so many bytes at once.</summary>
    public BatchWalker Walk(int chunk) => new(Segment.File, Segment.Place, Position, Limit, chunk);
}
