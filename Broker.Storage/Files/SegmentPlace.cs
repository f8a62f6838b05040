namespace Broker.Storage.Files;

/// <summary>Which segment of which topic: what the checksums of its headers begin with.</summary>
/// <param name="Generation">Generation of the topic.</param>
/// <param name="BaseOffset">First offset that the segment may hold.</param>
internal readonly record struct SegmentPlace(int Generation, long BaseOffset)
{
    /// <summary>Checksum of a position in the segment.</summary>
    public uint At(long position) => Checksum.Add(Checksum.Add((uint)Generation, BaseOffset), position);
}
