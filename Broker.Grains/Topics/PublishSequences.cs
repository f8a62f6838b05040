using System.Runtime.InteropServices;
using Broker.Storage;

namespace Broker.Grains.Topics;

/// <summary>
/// Which requests of which publisher are in the log, so that one sent again after an unknown outcome is not appended twice. Requests
/// of a publisher may arrive out of order, within a <see cref="SequenceWindow"/>.
/// </summary>
public sealed class PublishSequences
{
    private readonly Dictionary<long, SequenceWindow> _windows;

    /// <summary>Takes over what a log knows.</summary>
    public PublishSequences(IReadOnlyDictionary<long, SequenceWindow> known) => _windows = new(known);

    /// <summary>Whether a request is in the log already.</summary>
    public bool Contains(long publisher, long sequence) =>
        _windows.TryGetValue(publisher, out SequenceWindow window) && window.Contains(sequence);

    /// <summary>Notes that a request is in the log.</summary>
    public void Add(long publisher, long sequence)
    {
        ref SequenceWindow window = ref CollectionsMarshal.GetValueRefOrAddDefault(_windows, publisher, out _);
        window = window.With(sequence);
    }
}
