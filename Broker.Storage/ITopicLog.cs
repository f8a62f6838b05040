using Broker.Messages;

namespace Broker.Storage;

/// <summary>A topic opened for writing: its append-only log and, beside it, its record.</summary>
public interface ITopicLog : ITopicReader, IAsyncDisposable
{
    /// <summary>The epoch under which this opening writes.</summary>
    long Epoch { get; }

    /// <summary>Generation of the topic, new on each re-creation; the low 10 bits go into message ids.</summary>
    int Generation { get; }

    /// <summary>
    /// Where the first append of this opening goes: no offset from here on was ever used. After an unclean end it lies
    /// beyond <see cref="ITopicReader.End"/>.
    /// </summary>
    long NextOffset { get; }

    /// <summary>The topic's record as last saved; a new topic has an empty one.</summary>
    TopicRecord Record { get; }

    /// <summary>
    /// Appends a batch whose offsets follow those of the append before. Appends are committed strictly in the order of the
    /// calls, several as a group. Completes when the batch is in the log (with a sync interval of 1: after fsync).
    /// </summary>
    /// <param name="batch">The batch with its offsets.</param>
    /// <param name="publisher">Who publishes; 0 for none.</param>
    /// <param name="sequence">The publisher's number for this append.</param>
    /// <param name="lowest">
    /// The publisher's lowest number without an answer, at most <see cref="SequenceWindow.Size"/> - 1 below <paramref name="sequence"/>: which
    /// numbers from here on are in the log is remembered with the append. 0 when it is not known.
    /// </param>
    /// <exception cref="StoreException">
    /// This append failed or its outcome is unknown, and so do all that were called after it: the log must be opened again. The message
    /// is fit to be shown to a client.
    /// </exception>
    /// <exception cref="FencedException">Another opening has taken over.</exception>
    ValueTask AppendAsync(MessageBatch batch, long publisher, long sequence, long lowest = 0);

    /// <summary>
    /// Why an append of this many bytes of records would be refused for want of room (<see cref="Policies.StorageOptions.MaxTopicBytes"/>), in
    /// one sentence fit to be shown to a client; null when it would not. To be asked before offsets are assigned: a refusal does not
    /// break the log.
    /// </summary>
    string? Refusal(int bytes) => null;

    /// <summary>Sequences by publisher, from what the log still knows of appends before this opening.</summary>
    IReadOnlyDictionary<long, SequenceWindow> PublisherSequences { get; }

    /// <summary>Completes when the store says that this opening is still the last one.</summary>
    /// <exception cref="FencedException">Another opening has taken over, or the topic was deleted.</exception>
    /// <exception cref="StoreException">The store cannot be asked now.</exception>
    ValueTask VerifyAsync();

    /// <summary>Replaces the topic's record durably.</summary>
    /// <exception cref="StoreException">Whether it was replaced is not known.</exception>
    /// <exception cref="FencedException">Another opening has taken over.</exception>
    ValueTask SaveRecordAsync(TopicRecord record);

    /// <summary>Removes whole segments that lie below an offset.</summary>
    ValueTask TrimAsync(long below);

    /// <summary>
    /// What was appended to the topic before this opening, since it was made, trimmed or not; nothing where a log keeps no such count, because only
    /// one process ever opens it.
    /// </summary>
    LogCount AppendedBefore => default;

    /// <summary>Bytes that the log takes.</summary>
    long Bytes { get; }

    /// <summary>
    /// Says how many bytes the log is meant to take, 0 for any number: a log that removes stretches makes them small enough for that. Nothing is refused for it.
    /// </summary>
    void Bound(long bytes)
    {
    }

    /// <summary>Removes the topic: log, record, and the progress of its channels.</summary>
    ValueTask DeleteAsync();
}
