namespace Broker.Storage.Files;

/// <summary>
/// Where the last few reads ended, so that a reader that goes on from there finds its place without walking. Not safe for concurrent use.
/// </summary>
internal sealed class ReadCursors
{
    private const int Capacity = 8;

    private readonly (Segment? Segment, long Offset, long Position)[] _places = new (Segment?, long, long)[Capacity];
    private int _next;

    /// <summary>Position of the batch at or after an offset, if a read ended there.</summary>
    public long? Find(Segment segment, long offset)
    {
        foreach ((Segment? known, long knownOffset, long position) in _places)
        {
            if (known == segment && knownOffset == offset)
                return position;
        }
        return null;
    }

    /// <summary>Remembers where the batches from an offset on stand.</summary>
    public void Set(Segment segment, long offset, long position)
    {
        _places[_next] = (segment, offset, position);
        _next = (_next + 1) % Capacity;
    }
}
