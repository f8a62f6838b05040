namespace Broker.Storage.Files;

/// <summary>What one sync of a topic is for.</summary>
/// <param name="Segments">Segments that were written.</param>
/// <param name="IsDirectoryDirty">Whether a segment was added.</param>
internal readonly record struct DirtySegments(List<DirtySegment> Segments, bool IsDirectoryDirty);

/// <summary>A segment that was written, as it was when its sync began.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Synced">Up to here it was on the device already.</param>
/// <param name="Length">Bytes that were committed.</param>
/// <param name="MustRewrite">Whether a sync failed before (<see cref="Files.Segment.MustRewrite"/>).</param>
internal readonly record struct DirtySegment(Segment Segment, long Synced, long Length, bool MustRewrite);
