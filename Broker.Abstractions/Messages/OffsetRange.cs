using Orleans;

namespace Broker.Messages;

/// <summary>The offsets from <paramref name="Start"/> (inclusive) to <paramref name="End"/> (exclusive).</summary>
[GenerateSerializer, Immutable, Alias("Broker.OffsetRange")]
public readonly record struct OffsetRange([property: Id(0)] long Start, [property: Id(1)] long End)
{
    /// <summary>Number of offsets in the range.</summary>
    public long Length => End - Start;

    /// <summary>Whether the range contains <paramref name="offset"/>.</summary>
    public bool Contains(long offset) => offset >= Start && offset < End;
}
