using System.Runtime.InteropServices;

namespace Broker.Storage;

/// <summary>
/// Which requests of which publisher are in a log, so that one sent again after an unknown outcome is not appended twice. Not safe for concurrent
/// use.
/// </summary>
/// <remarks>
/// A gateway takes a new number for a topic with each start and after each long pause, so those that have not published for the longest are
/// forgotten. A gateway asks again for seconds only: one that may still ask is among the last <see cref="MaxPublishers"/> by far.
/// </remarks>
public sealed class PublishSequences
{
    /// <summary>Publishers that are remembered at least.</summary>
    public const int MaxPublishers = 512;

    private readonly Dictionary<long, Entry> _publishers;
    private long _uses;

    /// <summary>Knows nobody.</summary>
    public PublishSequences() => _publishers = [];

    /// <summary>Takes over what a log knows.</summary>
    public PublishSequences(IReadOnlyDictionary<long, SequenceWindow> known)
    {
        _publishers = new(known.Count);
        foreach ((long publisher, SequenceWindow window) in known.OrderBy(pair => pair.Key))
            _publishers[publisher] = new Entry { Window = window };
    }

    /// <summary>Publishers that are remembered.</summary>
    public int Count => _publishers.Count;

    /// <summary>Whether a request is in the log.</summary>
    /// <param name="publisher">Who asks.</param>
    /// <param name="sequence">The request's number.</param>
    /// <param name="lowest">The lowest number that was still open when it was sent: what is below is forgotten; 0 when nobody said.</param>
    public SequenceVerdict Judge(long publisher, long sequence, long lowest)
    {
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrNullRef(_publishers, publisher);
        if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry))
            return SequenceVerdict.New;
        if (lowest > entry.Window.Lowest)
            entry.Window = entry.Window with { Lowest = lowest };
        return entry.Window.Judge(sequence);
    }

    /// <summary>Notes that a request is in the log, and returns what is known of its publisher then.</summary>
    public SequenceWindow Add(long publisher, long sequence, long lowest) => Add(publisher, new SequenceWindow(sequence, 1, lowest));

    /// <summary>Notes what is known of a publisher from elsewhere, and returns what is known then.</summary>
    public SequenceWindow Add(long publisher, SequenceWindow known)
    {
        if (_publishers.Count >= 2 * MaxPublishers && !_publishers.ContainsKey(publisher))
            ForgetOldest();
        ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_publishers, publisher, out _);
        entry = new Entry { Window = entry.Window.Union(known), Used = ++_uses };
        return entry.Window;
    }

    /// <summary>All that is known, by publisher.</summary>
    public Dictionary<long, SequenceWindow> ToDictionary() => _publishers.ToDictionary(pair => pair.Key, pair => pair.Value.Window);

    private void ForgetOldest()
    {
        long[] oldest = [.. _publishers.OrderBy(pair => (pair.Value.Used, pair.Key)).Select(pair => pair.Key).SkipLast(MaxPublishers)];
        foreach (long publisher in oldest)
            _publishers.Remove(publisher);
    }

    private struct Entry
    {
        public SequenceWindow Window;
        public long Used;
    }
}
